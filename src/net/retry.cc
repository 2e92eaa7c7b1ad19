#include "net/retry.h"

#include <algorithm>
#include <cmath>

namespace zubr::net {

bool is_retryable(ErrorCode code) {
  return code == ErrorCode::kNetwork || code == ErrorCode::kTimeout || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kRateLimited;
}

std::optional<std::chrono::milliseconds> retry_delay(const RetryPolicy& policy, int attempts, const Failure& failure,
                                                     double random) {
  using std::chrono::milliseconds;
  if (attempts >= policy.max_attempts || !is_retryable(failure.code)) return std::nullopt;
  const double doubled = static_cast<double>(policy.base.count()) * std::exp2(std::min(std::max(attempts - 1, 0), 40));
  const double ceiling = std::min(doubled, static_cast<double>(policy.cap.count()));
  const milliseconds jittered{static_cast<milliseconds::rep>(std::ceil(ceiling * (1.0 - random)))};
  if (!failure.retry_after) return jittered;
  if (*failure.retry_after > policy.max_retry_after) return std::nullopt;
  return *failure.retry_after + jittered;
}

}  // namespace zubr::net
