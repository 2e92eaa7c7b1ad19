#include "models/fetch/part_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>

#include "models/fetch/bandwidth.h"

namespace zubr::models {
namespace {

TEST(PartPlan, CutsALargeFileIntoSomePartsPerConnection) {
  const auto parts = plan_parts({{0, std::uint64_t{1} << 30}}, {});
  EXPECT_EQ(parts.size(), 16U);
  EXPECT_EQ(parts.front().size(), std::uint64_t{64} << 20);
}

TEST(PartPlan, LeavesASmallFileWhole) {
  EXPECT_EQ(plan_parts({{0, 3 << 20}}, {}).size(), 1U);
  EXPECT_TRUE(plan_parts({}, {}).empty());
}

TEST(PartPlan, CutsNothingForOneConnection) {
  EXPECT_EQ(plan_parts({{0, std::uint64_t{1} << 40}}, {.parallel = 1}).size(), 1U);
}

RC_GTEST_PROP(PartPlan, CoversEveryMissingByteOnceAndInOrder, ()) {
  std::vector<Span> missing;
  std::uint64_t at = 0;
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    const auto gap = *rc::gen::inRange<std::uint64_t>(1, 1 << 20);
    const auto size = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << *rc::gen::inRange(1, 45));
    missing.push_back({at + gap, at + gap + size});
    at += gap + size;
  }
  PartPlanOptions options;
  options.parallel = *rc::gen::inRange(1, 16);
  options.min_part_bytes = *rc::gen::inRange<std::uint64_t>(1, 1 << 20);
  options.max_part_bytes = options.min_part_bytes * *rc::gen::inRange<std::uint64_t>(1, 1 << 20);
  const auto parts = plan_parts(missing, options);
  std::vector<Span> joined;
  for (const Span& part : parts) {
    RC_ASSERT(part.size() > 0U);
    if (options.parallel > 1) RC_ASSERT(part.size() < 2 * options.max_part_bytes);
    if (!joined.empty() && joined.back().end == part.first)
      joined.back().end = part.end;
    else
      joined.push_back(part);
  }
  RC_ASSERT(joined == missing);
}

TEST(Bandwidth, BooksNoMoreThanItsRate) {
  core::FakeClock clock;
  Bandwidth bandwidth(1000, clock);
  std::chrono::nanoseconds waited{0};
  for (int i = 0; i < 50; ++i) {
    const auto pause = bandwidth.take(100);
    clock.advance(pause);
    waited += pause;
  }
  EXPECT_GE(waited, std::chrono::milliseconds(4900));
  EXPECT_LE(waited, std::chrono::milliseconds(5000));
}

TEST(Bandwidth, GivesNoCreditForAPause) {
  core::FakeClock clock;
  Bandwidth bandwidth(1000, clock);
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(bandwidth.take(1000), std::chrono::milliseconds(900));
  EXPECT_EQ(Bandwidth(0, clock).take(1 << 30), std::chrono::nanoseconds(0));
}

}  // namespace
}  // namespace zubr::models
