#include "bulk/job/patience.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace zubr::bulk {

bool may_pass(ErrorCode code) {
  return code == ErrorCode::kNetwork || code == ErrorCode::kTimeout || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kRateLimited;
}

bool wait_before(int attempt, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, std::chrono::seconds(1 << (attempt - 1)), [] { return false; });
  return !stop.stop_requested();
}

}  // namespace zubr::bulk
