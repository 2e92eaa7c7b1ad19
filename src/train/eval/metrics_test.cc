#include "train/eval/metrics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

namespace zubr::train {
namespace {

const std::vector<std::string> kLabels = {"a", "b", "c"};

TEST(Metrics, AreTheTextbooksFormulas) {
  // gold a a a b b c, said a a b b - b
  const std::vector<Prediction> predictions = {{0, 0, 0.9}, {0, 0, 0.8},  {0, 1, 0.6},
                                               {1, 1, 0.7}, {1, -1, 0.2}, {2, 1, 0.5}};
  const auto m = measure_labels(predictions, kLabels);
  EXPECT_EQ(m.rows, 6);
  EXPECT_DOUBLE_EQ(m.accuracy, 3.0 / 6);
  EXPECT_DOUBLE_EQ(m.classes[0].precision(), 1.0);
  EXPECT_DOUBLE_EQ(m.classes[0].recall(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(m.classes[0].f1(), 0.8);
  EXPECT_DOUBLE_EQ(m.classes[1].f1(), 2.0 * 1 / (2 + 3));
  EXPECT_DOUBLE_EQ(m.classes[2].f1(), 0.0);
  EXPECT_DOUBLE_EQ(m.macro_f1, (0.8 + 0.4 + 0.0) / 3);
  EXPECT_EQ(m.confusion, (std::vector<std::vector<std::int64_t>>{{2, 1, 0, 0}, {0, 1, 0, 1}, {0, 1, 0, 0}}));
}

TEST(Metrics, CalibrationErrorIsTheMeanDistanceOfProbabilityAndAccuracy) {
  std::vector<Prediction> predictions;
  for (int i = 0; i < 10; ++i) predictions.push_back({0, i < 7 ? 0 : 1, 0.95});  // 0.95 claimed, 0.7 true
  for (int i = 0; i < 10; ++i) predictions.push_back({0, i < 3 ? 0 : 1, 0.35});  // 0.35 claimed, 0.3 true
  const auto m = measure_labels(predictions, kLabels);
  EXPECT_NEAR(m.calibration_error, 0.5 * 0.25 + 0.5 * 0.05, 1e-12);
  EXPECT_EQ(m.calibration[9].rows, 10);
  EXPECT_NEAR(m.calibration[9].accuracy, 0.7, 1e-12);
  EXPECT_NEAR(m.calibration[3].probability, 0.35, 1e-12);
}

TEST(Metrics, OfNoRowsAreZeroAndNotNonsense) {
  const auto m = measure_labels({}, kLabels);
  EXPECT_EQ(m.rows, 0);
  EXPECT_EQ(m.accuracy, 0);
  EXPECT_EQ(m.macro_f1, 0);
}

TEST(Bootstrap, CoversTheTruthAboutNineteenTimesInTwenty) {
  std::mt19937_64 random(8);
  std::bernoulli_distribution coin(0.7);
  int covered = 0;
  constexpr int kRuns = 200;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<int> hits;
    for (int i = 0; i < 100; ++i) hits.push_back(coin(random) ? 1 : 0);
    const auto interval = bootstrap(
        hits.size(), static_cast<std::uint64_t>(run),
        [&](std::span<const std::uint32_t> drawn) {
          double sum = 0;
          for (const std::uint32_t i : drawn) sum += hits[i];
          return sum / 100;
        },
        300);
    covered += interval.low <= 0.7 && 0.7 <= interval.high ? 1 : 0;
  }
  EXPECT_GT(covered, kRuns * 88 / 100);
  EXPECT_LT(covered, kRuns);
}

RC_GTEST_PROP(Metrics, HoldTogetherForAnyPredictions, ()) {
  std::vector<Prediction> predictions;
  const auto rows = *rc::gen::inRange<std::size_t>(1, 40);
  for (std::size_t i = 0; i < rows; ++i)
    predictions.push_back({*rc::gen::inRange(0, 3), *rc::gen::inRange(-1, 3), *rc::gen::inRange(0, 101) / 100.0});
  const auto m = measure_labels(predictions, kLabels);
  std::int64_t cells = 0, diagonal = 0, binned = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (const auto count : m.confusion[i]) cells += count;
    diagonal += m.confusion[i][i];
  }
  for (const auto& bin : m.calibration) binned += bin.rows;
  RC_ASSERT(cells == m.rows && binned == m.rows && diagonal == m.right);
  RC_ASSERT(m.accuracy_interval.low <= m.accuracy_interval.high);
  RC_ASSERT(m.macro_f1 >= 0 && m.macro_f1 <= 1 && m.calibration_error >= 0 && m.calibration_error <= 1);
}

}  // namespace
}  // namespace zubr::train
