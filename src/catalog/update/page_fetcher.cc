#include "catalog/update/page_fetcher.h"

#include <condition_variable>
#include <mutex>
#include <random>

#include "net/rate_limit.h"
#include "net/url.h"

namespace zubr::catalog {
namespace {

using std::chrono::milliseconds;

void wait_for_real(milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

double random_fraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

// Whole seconds for people, never "0 s".
std::string seconds_text(milliseconds time) {
  const std::int64_t seconds = std::max<std::int64_t>(1, (time.count() + 999) / 1000);
  return seconds < 120 ? fmt::format("{} s", seconds) : fmt::format("{} min", (seconds + 59) / 60);
}

std::string display(std::string_view url) {
  const auto parsed = net::Url::parse(url);
  return parsed ? parsed->display() : std::string(url.substr(0, url.find('?')));
}

std::string_view accept_of(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::kJson: return "application/json";
    case DocumentKind::kHtml: return "text/html";
    case DocumentKind::kText: break;
  }
  return "text/plain, */*;q=0.5";
}

Error refused(const PageRequest& request, int status) {
  const std::string address = display(request.url);
  const ErrorCode code = net::code_of_status(status);
  if (status == 401 && !request.token_env.empty())
    return Error(code, message("{} does not accept the {} that is set (status 401); set another one, or none", address,
                               request.token_env));
  if (status == 403 && !request.token_env.empty())
    return Error(code, message("{} does not let this {} read it (status 403)", address, request.token_env));
  if (request.setting.empty()) return Error(code, message("{} answers with status {}", address, status));
  return Error(code, message("{} answers with status {}; is the setting {} right?", address, status, request.setting));
}

Result<void> check_kind(const PageRequest& request, const net::HttpResponse& answer) {
  const std::string_view type = answer.headers.get("content-type");
  const bool is_html = type.find("html") != std::string_view::npos;
  if (is_html == (request.kind == DocumentKind::kHtml) || type.empty()) return {};
  return fail(
      ErrorCode::kCorrupt,
      "{} answers with {} instead of {}: it may be the page of a login or a proxy; look at it in a browser, and "
      "check the setting {}",
      display(request.url), type, is_html ? "data" : "a page", request.setting);
}

}  // namespace

std::string host_of(std::string_view url) {
  const auto parsed = net::Url::parse(url);
  if (!parsed) return std::string(url);
  const bool usual = parsed->port == (parsed->scheme == "https" ? 443 : 80);
  return usual ? parsed->host : fmt::format("{}:{}", parsed->host, parsed->port);
}

PageFetcher::PageFetcher(net::HttpClient& client, FetchOptions options)
    : client_(client), options_(std::move(options)) {
  if (!options_.wait) options_.wait = &wait_for_real;
  if (!options_.random) options_.random = &random_fraction;
}

Result<void> PageFetcher::pause(std::string_view host, milliseconds time, const std::stop_token& stop) {
  if (time > options_.retry.max_retry_after)
    return fail(ErrorCode::kRateLimited,
                "{} asks to wait {} before the next request; what was read is kept, run the same command again then",
                host, seconds_text(time));
  if (options_.on_wait && time >= std::chrono::seconds(1)) options_.on_wait(host, time);
  options_.wait(time, stop);
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while waiting for {}", host);
  return {};
}

Result<net::HttpResponse> PageFetcher::with_retries(const net::HttpRequest& request, std::string_view host,
                                                    const std::stop_token& stop) {
  for (int attempts = 1;; ++attempts) {
    auto answer = client_.fetch(request, stop);
    const ErrorCode code = answer ? net::code_of_status(answer->status) : answer.error().code();
    const auto asked = answer ? net::requested_wait(answer->headers, std::chrono::system_clock::now()) : std::nullopt;
    if (answer && (answer->status < 400 || !net::is_retryable(code))) {
      if (asked) due_[std::string(host)] = *asked;
      return answer;
    }
    const auto delay = net::retry_delay(options_.retry, attempts, {code, asked}, options_.random());
    if (!delay) {
      if (!answer) return fail(answer.error());
      if (asked && *asked > options_.retry.max_retry_after) ZUBR_CHECK(pause(host, *asked, stop));
      return fail(code,
                  "{} answers with status {} (tried {} times); what was read is kept, run the same command again later",
                  display(request.url), answer->status, attempts);
    }
    ZUBR_CHECK(pause(host, *delay, stop));
  }
}

Result<net::HttpResponse> PageFetcher::fetch(const PageRequest& page, const Validator& known,
                                             const std::stop_token& stop) {
  net::HttpRequest request{.url = page.url, .headers = page.headers, .max_body_bytes = page.max_bytes};
  if (!request.headers.find("accept")) request.headers.add("Accept", std::string(accept_of(page.kind)));
  if (!known.etag.empty()) request.headers.add("If-None-Match", known.etag);
  if (!known.modified.empty()) request.headers.add("If-Modified-Since", known.modified);
  const std::string host = host_of(page.url);
  if (const auto due = due_.find(host); due != due_.end()) {
    const milliseconds time = due->second;
    due_.erase(due);
    ZUBR_CHECK(pause(host, time, stop));
  }
  ZUBR_TRY(answer, with_retries(request, host, stop));
  const bool conditional = !known.etag.empty() || !known.modified.empty();
  if (answer.status == 304 && conditional) return answer;
  if (answer.status != 200) return fail(refused(page, answer.status));
  ZUBR_CHECK(check_kind(page, answer));
  return answer;
}

}  // namespace zubr::catalog
