// The learning rate over a run: up in a straight line, then along a cosine or level, then down.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace zubr::train {

struct Schedule {
  enum class Shape {
    kCosine,  // half a cosine from the peak to `floor` at the last step
    kLevel,   // the peak until `decay_from`, then a straight line to `floor`: a run of unknown length can be ended any
              // time
  };
  double peak = 1e-3;
  double floor = 0;  // share of the peak at the end
  std::int64_t warm_up = 100;
  std::int64_t steps = 1000;
  std::int64_t decay_from = 0;  // kLevel only
  Shape shape = Shape::kCosine;

  // `step` counts from 0.
  double at(std::int64_t step) const {
    if (step < warm_up) return peak * static_cast<double>(step + 1) / static_cast<double>(warm_up);
    const std::int64_t start = shape == Shape::kCosine ? warm_up : std::max(warm_up, decay_from);
    if (step < start) return peak;
    const double done = std::clamp(
        static_cast<double>(step - start) / static_cast<double>(std::max<std::int64_t>(1, steps - start)), 0.0, 1.0);
    const double high = shape == Shape::kCosine ? (1 + std::cos(std::numbers::pi * done)) / 2 : 1 - done;
    return peak * (floor + (1 - floor) * high);
  }
};

}  // namespace zubr::train
