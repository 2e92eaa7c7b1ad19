#include "bulk/plan/batches.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace zubr::bulk {
namespace {

TEST(PlanBatches, HasNothingToDoForNoRows) { EXPECT_TRUE(plan_batches({}, {}).empty()); }

TEST(PlanBatches, PutsRowsOfLikeLengthTogether) {
  const std::vector<std::int64_t> tokens{9, 1, 8, 2};
  const auto batches = plan_batches(tokens, {.rows = 2, .tokens = 100});
  EXPECT_EQ(batches, (std::vector<std::vector<std::uint32_t>>{{0, 2}, {3, 1}}));
}

TEST(PlanBatches, GivesARowOverTheTokenLimitABatchOfItsOwn) {
  const std::vector<std::int64_t> tokens{5, 50, 5};
  const auto batches = plan_batches(tokens, {.rows = 8, .tokens = 10});
  EXPECT_EQ(batches, (std::vector<std::vector<std::uint32_t>>{{1}, {0, 2}}));
}

RC_GTEST_PROP(PlanBatches, KeepsEveryRowExactlyOnceWithinTheLimits, ()) {
  const auto lengths = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 40));
  const BatchLimits limits{.rows = *rc::gen::inRange(1, 20), .tokens = *rc::gen::inRange<std::int64_t>(1, 60)};
  std::multiset<std::uint32_t> seen;
  for (const auto& batch : plan_batches(lengths, limits)) {
    RC_ASSERT(!batch.empty());
    RC_ASSERT(std::ssize(batch) <= limits.rows);
    std::int64_t tokens = 0;
    for (const auto row : batch) {
      seen.insert(row);
      tokens += lengths[row];
    }
    RC_ASSERT(tokens <= limits.tokens || batch.size() == 1);
  }
  RC_ASSERT(seen.size() == lengths.size());
  RC_ASSERT(std::set<std::uint32_t>(seen.begin(), seen.end()).size() == lengths.size());
}

// No two neighbouring batches could have been one: the plan wastes no decode.
RC_GTEST_PROP(PlanBatches, LeavesNoBatchThatItsNeighbourCouldTakeIn, ()) {
  const auto lengths = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(1, 40));
  const BatchLimits limits{.rows = 8, .tokens = 64};
  const auto batches = plan_batches(lengths, limits);
  for (std::size_t i = 1; i < batches.size(); ++i) {
    std::int64_t before = 0;
    for (const auto row : batches[i - 1]) before += lengths[row];
    RC_ASSERT(std::ssize(batches[i - 1]) == limits.rows || before + lengths[batches[i].front()] > limits.tokens);
  }
}

}  // namespace
}  // namespace zubr::bulk
