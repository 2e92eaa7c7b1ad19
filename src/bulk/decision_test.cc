#include "bulk/decision.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace zubr::bulk {
namespace {

using inference::LabelScores;
using inference::LengthNorm;

LabelScores scores(std::vector<float> log_prob) {
  const std::size_t count = log_prob.size();
  return {std::move(log_prob), std::vector<bool>(count, true)};
}

TEST(Decision, NormalisesOverTheLabelSet) {
  const DecisionRule rule(LengthNorm::kNone, std::vector<int>{1, 1});
  const auto decision = rule.decide(scores({std::log(0.03f), std::log(0.01f)}));
  EXPECT_EQ(decision.ranked[0].label, 0);
  EXPECT_NEAR(decision.ranked[0].probability, 0.75, 1e-6);
  EXPECT_NEAR(decision.margin, 0.5, 1e-6);
}

TEST(Decision, DividesByTheLengthOnlyWhenAsked) {
  const std::vector<int> tokens{1, 4};
  const auto row = scores({-2.0f, -4.0f});
  EXPECT_EQ(DecisionRule(LengthNorm::kNone, tokens).decide(row).ranked[0].label, 0);
  EXPECT_EQ(DecisionRule(LengthNorm::kTokens, tokens).decide(row).ranked[0].label, 1);
}

TEST(Decision, TakesThePriorOut) {
  const auto row = scores({std::log(0.6f), std::log(0.4f)});
  const auto decision = DecisionRule(LengthNorm::kNone, std::vector<int>{1, 1}, {0.9, 0.1}).decide(row);
  EXPECT_EQ(decision.ranked[0].label, 1);
  EXPECT_NEAR(decision.ranked[0].probability, (0.4 / 0.1) / (0.6 / 0.9 + 0.4 / 0.1), 1e-6);
}

TEST(Decision, GivesNothingToALabelThatWasNotEvaluated) {
  LabelScores row = scores({-1.0f, -0.5f});
  row.exact[1] = false;
  const auto decision = DecisionRule(LengthNorm::kNone, std::vector<int>{1, 2}).decide(row);
  EXPECT_EQ(decision.ranked[0].label, 0);
  EXPECT_EQ(decision.ranked[0].probability, 1.0);
  EXPECT_EQ(decision.ranked[1].probability, 0.0);
}

TEST(Decision, IsSureOfTheOnlyLabel) {
  const auto decision = DecisionRule(LengthNorm::kNone, std::vector<int>{1}).decide(scores({-80.0f}));
  EXPECT_EQ(decision.ranked[0].probability, 1.0);
  EXPECT_EQ(decision.margin, 1.0);
}

TEST(Decision, StaysFiniteWhereEveryLabelIsImpossible) {
  const float inf = std::numeric_limits<float>::infinity();
  const auto decision = DecisionRule(LengthNorm::kNone, std::vector<int>{1, 1}).decide(scores({-inf, -inf}));
  EXPECT_EQ(decision.ranked[0].probability, 0.5);
}

RC_GTEST_PROP(Decision, SumsToOneAndDescends, ()) {
  const auto raw = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(-50000, 0)));
  std::vector<float> log_prob;
  for (const int value : raw) log_prob.push_back(static_cast<float>(value) / 1000.0f);
  const DecisionRule rule(LengthNorm::kNone, std::vector<int>(raw.size(), 1));
  const auto decision = rule.decide(scores(log_prob));
  double sum = 0;
  double before = 2;
  for (const auto& ranked : decision.ranked) {
    RC_ASSERT(ranked.probability <= before);
    before = ranked.probability;
    sum += ranked.probability;
  }
  RC_ASSERT(std::abs(sum - 1) < 1e-9);
}

}  // namespace
}  // namespace zubr::bulk
