// A loop's memory of its failures: waits and says to go on, or hands back the error when it is time to give up.
//
//   for (Retrier retrier(options.retry, wait, random);;) {
//     auto answer = try_it();
//     if (answer) return answer;
//     ZUBR_CHECK(retrier.after(answer.error(), retry_after, stop));
//   }
//
// One thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "core/result.h"
#include "net/http_client.h"
#include "net/retry.h"

namespace zubr::models {

using Wait = std::function<void(std::chrono::nanoseconds, const std::stop_token&)>;
using Random = std::function<double()>;

// Ends early when stopped.
void wait_for_real(std::chrono::nanoseconds time, const std::stop_token& stop);
double random_fraction();  // [0, 1); any thread

class Retrier {
 public:
  // Empty functions are the real ones. The policy must live as long.
  Retrier(const net::RetryPolicy& policy, Wait wait, Random random);

  // An error: give up, and this is why. kCancelled when stopped while waiting.
  Result<void> after(const Error& error, std::optional<std::chrono::milliseconds> retry_after,
                     const std::stop_token& stop);
  void forgive() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  const net::RetryPolicy& policy_;
  Wait wait_;
  Random random_;
  int failures_ = 0;
};

// fetch() until it gives an answer that is no 408, 429 or 5xx, as long as the policy allows. Other statuses are
// answers.
Result<net::HttpResponse> fetch_with_retries(net::HttpClient& client, const net::HttpRequest& request, Retrier& retrier,
                                             const std::stop_token& stop);

// "HTTP 503 from https://…" with the code of that status.
Error error_of(const net::HttpResponse& answer);

}  // namespace zubr::models
