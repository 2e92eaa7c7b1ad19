// At most so many bytes a second over all connections of a download, with no more than a tenth of a second's worth at
// once.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "core/clock.h"

namespace zubr::models {

class Bandwidth {
 public:
  // 0 = no limit. `clock` must live as long.
  Bandwidth(std::uint64_t bytes_per_second, const core::Clock& clock)
      : rate_(bytes_per_second), clock_(clock), free_at_(clock.now()) {}

  // Books `bytes` and says how long to wait before going on. Any thread.
  std::chrono::nanoseconds take(std::uint64_t bytes);

 private:
  const std::uint64_t rate_;
  const core::Clock& clock_;
  std::mutex mutex_;
  core::Clock::TimePoint free_at_;  // when everything booked so far has been paid for; guarded by mutex_
};

}  // namespace zubr::models
