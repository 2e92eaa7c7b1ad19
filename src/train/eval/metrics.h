// How good predictions of labels are: accuracy, F1, the confusion matrix, how far probabilities can be believed, and
// within what bounds the figures would lie for other rows of the same kind.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace zubr::train {

// One row: the index of the right label and of the one that was said (-1 = none of them), and how probable the model
// held what it said.
struct Prediction {
  int gold = 0;
  int said = -1;
  double probability = 0;
};

struct ClassScore {
  std::string label;
  std::int64_t gold = 0, said = 0, right = 0;
  double precision() const { return said > 0 ? static_cast<double>(right) / static_cast<double>(said) : 0; }
  double recall() const { return gold > 0 ? static_cast<double>(right) / static_cast<double>(gold) : 0; }
  double f1() const {  // 0 where the label is neither there nor said
    return gold + said > 0 ? 2.0 * static_cast<double>(right) / static_cast<double>(gold + said) : 0;
  }
};

struct Interval {
  double low = 0, high = 0;
};

struct CalibrationBin {
  std::int64_t rows = 0;
  double probability = 0, accuracy = 0;  // means over the rows
};

struct LabelMetrics {
  std::int64_t rows = 0, right = 0;
  double accuracy = 0, macro_f1 = 0;                 // over labels that are there or were said
  Interval accuracy_interval, macro_f1_interval;     // 95 %
  std::vector<ClassScore> classes;                   // one per label
  std::vector<std::vector<std::int64_t>> confusion;  // [gold][said]; the last column: none of the labels
  std::vector<CalibrationBin> calibration;           // ten bins of probability
  double calibration_error = 0;                      // expected, ECE (https://arxiv.org/abs/1706.04599)
};

inline constexpr int kResamples = 1000;

LabelMetrics measure_labels(std::span<const Prediction> predictions, std::span<const std::string> labels,
                            std::uint64_t seed = 1);

// The 95 % percentile interval of a statistic over `rows` rows, drawn with replacement (Efron 1979,
// https://doi.org/10.1214/aos/1176344552). `statistic` gets row numbers.
Interval bootstrap(std::size_t rows, std::uint64_t seed,
                   const std::function<double(std::span<const std::uint32_t>)>& statistic, int resamples = kResamples);

}  // namespace zubr::train
