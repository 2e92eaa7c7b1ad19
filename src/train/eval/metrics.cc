#include "train/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace zubr::train {
namespace {

constexpr std::size_t kBins = 10;

double macro_f1(std::span<const ClassScore> classes) {
  double sum = 0;
  int count = 0;
  for (const ClassScore& c : classes) {
    if (c.gold + c.said == 0) continue;
    sum += c.f1();
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

void tally(const Prediction& p, std::vector<ClassScore>& classes) {
  ++classes[static_cast<std::size_t>(p.gold)].gold;
  if (p.said < 0) return;
  ++classes[static_cast<std::size_t>(p.said)].said;
  if (p.said == p.gold) ++classes[static_cast<std::size_t>(p.gold)].right;
}

void calibrate(std::span<const Prediction> predictions, LabelMetrics& metrics) {
  metrics.calibration.resize(kBins);
  for (const Prediction& p : predictions) {
    const auto at = static_cast<std::size_t>(std::clamp(p.probability, 0.0, 1.0) * kBins);
    CalibrationBin& bin = metrics.calibration[std::min(kBins - 1, at)];
    ++bin.rows;
    bin.probability += p.probability;
    bin.accuracy += p.said == p.gold ? 1 : 0;
  }
  for (CalibrationBin& bin : metrics.calibration) {
    if (bin.rows == 0) continue;
    const auto rows = static_cast<double>(bin.rows);
    metrics.calibration_error += std::abs(bin.probability - bin.accuracy) / static_cast<double>(predictions.size());
    bin.probability /= rows;
    bin.accuracy /= rows;
  }
}

}  // namespace

Interval bootstrap(std::size_t rows, std::uint64_t seed,
                   const std::function<double(std::span<const std::uint32_t>)>& statistic, int resamples) {
  if (rows == 0 || resamples < 1) return {};
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> drawn(rows);
  std::vector<double> values;
  for (int i = 0; i < resamples; ++i) {
    for (std::uint32_t& row : drawn) row = static_cast<std::uint32_t>(random() % rows);
    values.push_back(statistic(drawn));
  }
  std::ranges::sort(values);
  const auto at = [&](double share) { return values[static_cast<std::size_t>(share * (resamples - 1) + 0.5)]; };
  return {at(0.025), at(0.975)};
}

LabelMetrics measure_labels(std::span<const Prediction> predictions, std::span<const std::string> labels,
                            std::uint64_t seed) {
  LabelMetrics metrics;
  metrics.rows = std::ssize(predictions);
  for (const std::string& label : labels) metrics.classes.push_back({.label = label});
  metrics.confusion.assign(labels.size(), std::vector<std::int64_t>(labels.size() + 1, 0));
  for (const Prediction& p : predictions) {
    tally(p, metrics.classes);
    const auto column = p.said < 0 ? labels.size() : static_cast<std::size_t>(p.said);
    ++metrics.confusion[static_cast<std::size_t>(p.gold)][column];
    metrics.right += p.said == p.gold ? 1 : 0;
  }
  if (predictions.empty()) return metrics;
  const auto rows = static_cast<double>(metrics.rows);
  metrics.accuracy = static_cast<double>(metrics.right) / rows;
  metrics.macro_f1 = macro_f1(metrics.classes);
  calibrate(predictions, metrics);
  metrics.accuracy_interval = bootstrap(predictions.size(), seed, [&](std::span<const std::uint32_t> drawn) {
    return static_cast<double>(std::ranges::count_if(
               drawn, [&](std::uint32_t i) { return predictions[i].said == predictions[i].gold; })) /
           rows;
  });
  metrics.macro_f1_interval = bootstrap(predictions.size(), seed, [&](std::span<const std::uint32_t> drawn) {
    std::vector<ClassScore> classes(labels.size());
    for (const std::uint32_t i : drawn) tally(predictions[i], classes);
    return macro_f1(classes);
  });
  return metrics;
}

}  // namespace zubr::train
