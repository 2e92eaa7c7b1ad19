#include "models/fetch/bandwidth.h"

#include <algorithm>

namespace zubr::models {

std::chrono::nanoseconds Bandwidth::take(std::uint64_t bytes) {
  if (rate_ == 0) return std::chrono::nanoseconds{0};
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  // Time not used is lost but for a tenth of a second.
  free_at_ = std::max(free_at_, now - std::chrono::milliseconds(100));
  free_at_ += std::chrono::nanoseconds{
      static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(rate_))};
  return std::max<std::chrono::nanoseconds>(free_at_ - now, std::chrono::nanoseconds{0});
}

}  // namespace zubr::models
