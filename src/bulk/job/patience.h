// Calls that may fail for a while: what is busy, limited or cut off is tried again, three times, after one, two and
// four seconds. A stop ends the waiting.
#pragma once

#include <stop_token>

#include "core/result.h"

namespace zubr::bulk {

// Whether the same call may succeed a little later.
bool may_pass(ErrorCode code);
// Waits; false when it was to stop.
bool wait_before(int attempt, std::stop_token stop);

template <typename Call>
auto with_patience(const Call& call, const std::stop_token& stop) {
  constexpr int kTries = 4;
  auto result = call();
  for (int attempt = 1; attempt < kTries && !result && may_pass(result.error().code()); ++attempt) {
    if (!wait_before(attempt, stop)) break;
    result = call();
  }
  return result;
}

}  // namespace zubr::bulk
