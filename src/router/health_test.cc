#include "router/health.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::router {
namespace {

using namespace std::chrono_literals;
using providers::Fault;

class HealthTest : public testing::Test {
 protected:
  void fail(Fault fault, std::optional<std::chrono::milliseconds> retry_after = {}, Line line = {"p", "m", 0}) {
    ASSERT_TRUE(health.begin(line, clock.now()));
    health.failed(line, fault, retry_after, clock.now());
  }
  bool admits(Line line = {"p", "m", 0}) const { return health.admits(line, clock.now()); }

  core::FakeClock clock;
  Health health;
};

TEST_F(HealthTest, OpensAfterThreeFailuresInARow) {
  fail(Fault::kServerError);
  fail(Fault::kNetwork);
  EXPECT_TRUE(admits());
  fail(Fault::kTimeout);
  EXPECT_FALSE(admits());
  EXPECT_TRUE(admits({"p", "other", 0})) << "another model of it may be well";
}

TEST_F(HealthTest, ASuccessBetweenThemForgets) {
  fail(Fault::kServerError);
  fail(Fault::kServerError);
  ASSERT_TRUE(health.begin({"p", "m", 0}, clock.now()));
  health.succeeded({"p", "m", 0});
  fail(Fault::kServerError);
  EXPECT_TRUE(admits());
}

TEST_F(HealthTest, LetsOneProbeThroughAndDoublesThePauseWhereThatFails) {
  for (int i = 0; i < 3; ++i) fail(Fault::kServerError);
  clock.advance(5s);
  ASSERT_TRUE(health.begin({"p", "m", 0}, clock.now()));
  EXPECT_FALSE(health.begin({"p", "m", 0}, clock.now())) << "one at a time";
  health.failed({"p", "m", 0}, Fault::kServerError, {}, clock.now());
  clock.advance(9s);
  EXPECT_FALSE(admits());
  clock.advance(1s);
  ASSERT_TRUE(health.begin({"p", "m", 0}, clock.now()));
  health.succeeded({"p", "m", 0});
  EXPECT_TRUE(admits());
  fail(Fault::kServerError);
  EXPECT_TRUE(admits()) << "closed again, it counts from the beginning";
}

TEST_F(HealthTest, AProbeThatWeStoppedSaysNothing) {
  for (int i = 0; i < 3; ++i) fail(Fault::kServerError);
  clock.advance(5s);
  ASSERT_TRUE(health.begin({"p", "m", 0}, clock.now()));
  health.ended({"p", "m", 0});
  EXPECT_TRUE(admits()) << "the next one may probe";
}

TEST_F(HealthTest, RetryAfterIsBelievedWithinReason) {
  fail(Fault::kRateLimited, 30s);
  clock.advance(29s);
  EXPECT_FALSE(admits());
  clock.advance(1s);
  EXPECT_TRUE(admits());
  fail(Fault::kRateLimited, std::chrono::hours(1000));
  clock.advance(1h);
  EXPECT_TRUE(admits());
}

TEST_F(HealthTest, ADeadKeyIsDeadForEveryModelAndOnlyItself) {
  fail(Fault::kBadKey);
  EXPECT_FALSE(admits());
  EXPECT_FALSE(admits({"p", "other", 0}));
  EXPECT_TRUE(admits({"p", "m", 1}));
  EXPECT_TRUE(admits({"q", "m", 0}));
  clock.advance(10min);
  EXPECT_TRUE(admits());
}

TEST_F(HealthTest, AWrongRequestSaysNothingAboutThePlace) {
  for (int i = 0; i < 10; ++i) fail(Fault::kBadRequest);
  for (int i = 0; i < 10; ++i) fail(Fault::kContextTooLong);
  EXPECT_TRUE(admits());
}

RC_GTEST_PROP(HealthProperty, EveryPauseEnds, ()) {
  core::FakeClock clock;
  Health health;
  const Line line{"p", "m", 0};
  const int steps = *rc::gen::inRange(0, 60);
  for (int i = 0; i < steps; ++i) {
    clock.advance(std::chrono::milliseconds(*rc::gen::inRange(0, 400'000)));
    if (!health.begin(line, clock.now())) continue;
    const auto fault = *rc::gen::element(Fault::kServerError, Fault::kRateLimited, Fault::kBadKey, Fault::kBadRequest,
                                         Fault::kCancelled, Fault::kForbidden);
    if (*rc::gen::inRange(0, 4) == 0)
      health.succeeded(line);
    else
      health.failed(line, fault, std::chrono::milliseconds(*rc::gen::inRange(0, 10'000'000)), clock.now());
  }
  clock.advance(1h);
  RC_ASSERT(health.admits(line, clock.now()));
}

}  // namespace
}  // namespace zubr::router
