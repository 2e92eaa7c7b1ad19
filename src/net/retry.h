// When to try again: a pure function of how often it has failed and how.
//
// Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015): the
// n-th delay is drawn evenly from (0, min(cap, base · 2^n)], so that clients that failed together do not return
// together.
#pragma once

#include <chrono>
#include <optional>

#include "core/error.h"

namespace zubr::net {

struct RetryPolicy {
  int max_attempts = 6;  // in all, the first included
  std::chrono::milliseconds base{500};
  std::chrono::milliseconds cap{30'000};
  std::chrono::milliseconds max_retry_after{300'000};  // a server that asks for more is taken at its word: give up
};

struct Failure {
  ErrorCode code = ErrorCode::kNetwork;
  std::optional<std::chrono::milliseconds> retry_after = {};  // what the server asked for (net/rate_limit.h)
};

// kNetwork, kTimeout, kUnavailable, kRateLimited may pass by themselves; nothing else does.
bool is_retryable(ErrorCode code);

// After `attempts` failed ones (≥ 1): how long to wait before the next, or none to give up. `random` in [0, 1).
// Retry-After is the least that is waited.
std::optional<std::chrono::milliseconds> retry_delay(const RetryPolicy& policy, int attempts, const Failure& failure,
                                                     double random);

}  // namespace zubr::net
