#include "models/fetch/retrier.h"

#include <condition_variable>
#include <mutex>
#include <random>

#include "net/rate_limit.h"

namespace zubr::models {

void wait_for_real(std::chrono::nanoseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

double random_fraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

Retrier::Retrier(const net::RetryPolicy& policy, Wait wait, Random random)
    : policy_(policy),
      wait_(wait ? std::move(wait) : Wait(&wait_for_real)),
      random_(random ? std::move(random) : Random(&random_fraction)) {}

Result<void> Retrier::after(const Error& error, std::optional<std::chrono::milliseconds> retry_after,
                            const std::stop_token& stop) {
  ++failures_;
  const auto delay = net::retry_delay(policy_, failures_, {error.code(), retry_after}, random_());
  if (!delay && failures_ > 1 && net::is_retryable(error.code()))
    return fail(Error(error.code(), message("{} (tried {} times)", error.message(), failures_)));
  if (!delay) return fail(error);
  wait_(*delay, stop);
  if (stop.stop_requested())
    return fail(ErrorCode::kCancelled, "stopped while waiting to try again: {}", error.message());
  return {};
}

Error error_of(const net::HttpResponse& answer) {
  const std::string address = answer.url.substr(0, answer.url.find('?'));
  return Error(net::code_of_status(answer.status), message("{} answers with status {}", address, answer.status));
}

Result<net::HttpResponse> fetch_with_retries(net::HttpClient& client, const net::HttpRequest& request, Retrier& retrier,
                                             const std::stop_token& stop) {
  for (;;) {
    auto answer = client.fetch(request, stop);
    if (answer && !net::is_retryable(net::code_of_status(answer->status))) return answer;
    if (answer && answer->status < 400) return answer;
    const Error error = answer ? error_of(*answer) : answer.error();
    const auto asked = answer ? net::requested_wait(answer->headers, std::chrono::system_clock::now()) : std::nullopt;
    ZUBR_CHECK(retrier.after(error, asked, stop));
  }
}

}  // namespace zubr::models
