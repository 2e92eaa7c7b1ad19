// How fast endpoints were lately: a sliding window of what was measured. Pure; time comes in. One thread at a time.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "core/clock.h"

namespace zubr::router {

struct Speed {
  double first_token_s = 0;
  double tokens_per_second = 0;  // after the first; 0 = not known
};

class Speeds {
 public:
  using TimePoint = core::Clock::TimePoint;
  static constexpr std::chrono::minutes kWindow{10};
  static constexpr std::size_t kMostSamples = 256;  // of an endpoint

  void add(const std::string& endpoint, const Speed& speed, TimePoint now);
  // The percentile (0.5 = the median) of each of the two within the window; none: nothing was measured.
  std::optional<Speed> at(const std::string& endpoint, double percentile, TimePoint now) const;

 private:
  struct Sample {
    TimePoint when;
    Speed speed;
  };
  std::map<std::string, std::deque<Sample>> samples_;
};

}  // namespace zubr::router
