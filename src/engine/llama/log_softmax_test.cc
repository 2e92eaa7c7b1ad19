#include "engine/llama/log_softmax.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace zubr::engine {
namespace {

double in_double(const std::vector<float>& logits) {
  double top = logits[0], sum = 0;
  for (const float value : logits) top = std::max(top, static_cast<double>(value));
  for (const float value : logits) sum += std::exp(value - top);
  return top + std::log(sum);
}

RC_GTEST_PROP(LogSoftmax, AgreesWithDoubleForAnyLengthAndScale, ()) {
  std::mt19937 random(*rc::gen::arbitrary<unsigned>());
  const auto count = static_cast<std::size_t>(*rc::gen::inRange(1, 5000));
  std::normal_distribution<float> normal(*rc::gen::element(-30.F, 0.F, 20.F), *rc::gen::element(0.01F, 3.F, 50.F));
  std::vector<float> logits(count);
  for (float& value : logits) value = normal(random);
  RC_ASSERT(std::abs(log_sum_exp(logits) - in_double(logits)) < 1e-5);
}

TEST(LogSoftmax, IsExactEnoughForALargeVocabulary) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> logits(200'001);
  for (float& value : logits) value = normal(random);
  EXPECT_NEAR(log_sum_exp(logits), in_double(logits), 1e-6);
}

TEST(LogSoftmax, KnowsTheEdges) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(log_sum_exp({}), -std::numeric_limits<double>::infinity());
  const std::vector<float> none{-kInfinity, -kInfinity};
  EXPECT_EQ(log_sum_exp(none), -std::numeric_limits<double>::infinity());
  const std::vector<float> one{-kInfinity, 5.0F};
  EXPECT_NEAR(log_sum_exp(one), 5.0, 1e-6);
}

}  // namespace
}  // namespace zubr::engine
