#include "net/retry.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::net {
namespace {

using std::chrono::milliseconds;

TEST(Retry, DoublesTheCeilingUpToTheCap) {
  const RetryPolicy policy{.max_attempts = 20, .base = milliseconds{100}, .cap = milliseconds{1000}};
  const Failure failure{ErrorCode::kNetwork};
  EXPECT_EQ(retry_delay(policy, 1, failure, 0.0), milliseconds{100});
  EXPECT_EQ(retry_delay(policy, 2, failure, 0.0), milliseconds{200});
  EXPECT_EQ(retry_delay(policy, 3, failure, 0.5), milliseconds{200});
  EXPECT_EQ(retry_delay(policy, 10, failure, 0.0), milliseconds{1000});
}

TEST(Retry, GivesUpAfterTheLastAttempt) {
  const RetryPolicy policy{.max_attempts = 3};
  EXPECT_TRUE(retry_delay(policy, 2, {ErrorCode::kTimeout}, 0.1));
  EXPECT_FALSE(retry_delay(policy, 3, {ErrorCode::kTimeout}, 0.1));
}

TEST(Retry, DoesNotRepeatWhatCannotGetBetter) {
  for (const ErrorCode code : {ErrorCode::kUnauthenticated, ErrorCode::kNotFound, ErrorCode::kCorrupt,
                               ErrorCode::kDiskFull, ErrorCode::kCancelled, ErrorCode::kPermissionDenied})
    EXPECT_FALSE(retry_delay({}, 1, {code}, 0.1)) << core::error_name(code);
}

TEST(Retry, WaitsAtLeastWhatTheServerAsksFor) {
  const RetryPolicy policy{.base = milliseconds{100}};
  const auto delay = retry_delay(policy, 1, {ErrorCode::kRateLimited, milliseconds{7000}}, 0.25);
  EXPECT_EQ(delay, milliseconds{7075});
}

TEST(Retry, GivesUpWhenTheServerAsksForTooLong) {
  EXPECT_FALSE(retry_delay({}, 1, {ErrorCode::kRateLimited, std::chrono::hours{2}}, 0.1));
}

RC_GTEST_PROP(Retry, NeverWaitsLongerThanTheCapNorNotAtAll, ()) {
  const RetryPolicy policy{.max_attempts = 1000};
  const int attempts = *rc::gen::inRange(1, 999);
  const double random = *rc::gen::inRange(0, 1000) / 1000.0;
  const auto delay = retry_delay(policy, attempts, {ErrorCode::kUnavailable}, random);
  RC_ASSERT(delay.has_value());
  RC_ASSERT(*delay > milliseconds{0});
  RC_ASSERT(*delay <= policy.cap);
}

}  // namespace
}  // namespace zubr::net
