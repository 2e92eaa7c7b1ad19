#include "server/metrics/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace zubr::server {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", ""};

// A client may make up methods; labels may not be made up.
std::string known_method(const std::string& method) {
  return std::ranges::find(kMethods, method) == kMethods.end() ? "other" : method;
}

void head(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void counter(std::string& out, std::string_view name, std::string_view help, std::uint64_t value) {
  head(out, name, help, "counter");
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace

void Histogram::add(std::chrono::microseconds time) {
  const double seconds = std::chrono::duration<double>(time).count();
  const auto bucket = std::ranges::lower_bound(kBounds, seconds);
  if (bucket != kBounds.end()) ++counts_[static_cast<std::size_t>(bucket - kBounds.begin())];
  ++count_;
  sum_s_ += seconds;
}

void Histogram::append(std::string& out, std::string_view name, std::string_view labels) const {
  const auto into = std::back_inserter(out);
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    below += counts_[i];
    fmt::format_to(into, "{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, kBounds[i], below);
  }
  fmt::format_to(into, "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", name, labels, comma, count_);
  fmt::format_to(into, "{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", name, labels, sum_s_, name, labels, count_);
}

void Metrics::count(const AccessRecord& record) {
  const std::lock_guard lock(mutex_);
  ++requests_[{known_method(record.method), record.route, record.status}];
  RouteTimes& times = times_[record.route];
  times.total.add(record.total);
  if (record.first_byte.count() > 0) times.first_byte.add(record.first_byte);
  ++outcomes_[static_cast<std::size_t>(record.outcome)];
  bytes_in_ += static_cast<std::uint64_t>(record.bytes_in);
  bytes_out_ += static_cast<std::uint64_t>(record.bytes_out);
}

void Metrics::count_generation(const inference::Usage& usage) {
  prompt_tokens_ += static_cast<std::uint64_t>(usage.prompt_tokens);
  cached_tokens_ += static_cast<std::uint64_t>(usage.cached_prompt_tokens);
  completion_tokens_ += static_cast<std::uint64_t>(usage.completion_tokens);
}

void Metrics::count_embedding(std::int64_t tokens) { embedding_tokens_ += static_cast<std::uint64_t>(tokens); }

void Metrics::add_gauge(std::string name, std::string help, std::function<double()> value) {
  gauges_.push_back({std::move(name), std::move(help), std::move(value)});
}

std::string Metrics::text() const {
  std::string out;
  const auto into = std::back_inserter(out);
  for (const Gauge& gauge : gauges_) {
    head(out, gauge.name, gauge.help, "gauge");
    fmt::format_to(into, "{} {}\n", gauge.name, gauge.value());
  }
  counter(out, "zubr_prompt_tokens_total", "Tokens of prompts, also those that were in the cache.", prompt_tokens_);
  counter(out, "zubr_cached_prompt_tokens_total", "Tokens of prompts that were in the cache.", cached_tokens_);
  counter(out, "zubr_completion_tokens_total", "Tokens that were generated.", completion_tokens_);
  counter(out, "zubr_embedding_tokens_total", "Tokens of texts that were embedded.", embedding_tokens_);

  const std::lock_guard lock(mutex_);
  counter(out, "zubr_http_request_bytes_total", "Bytes of the bodies of requests.", bytes_in_);
  counter(out, "zubr_http_response_bytes_total", "Bytes of answers.", bytes_out_);
  head(out, "zubr_http_requests_total", "Requests that were answered, or whose client went away.", "counter");
  for (const auto& [key, count] : requests_) {
    const auto& [method, route, status] = key;
    fmt::format_to(into, "zubr_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n", method, route,
                   status, count);
  }
  head(out, "zubr_http_outcomes_total", "How requests ended.", "counter");
  for (std::size_t i = 0; i < outcomes_.size(); ++i)
    fmt::format_to(into, "zubr_http_outcomes_total{{outcome=\"{}\"}} {}\n", outcome_name(static_cast<Outcome>(i)),
                   outcomes_[i]);
  head(out, "zubr_http_request_seconds", "From the end of a request's header to the end of its answer.", "histogram");
  for (const auto& [route, times] : times_)
    times.total.append(out, "zubr_http_request_seconds", fmt::format("route=\"{}\"", route));
  head(out, "zubr_http_first_byte_seconds", "From the end of a request's header to the first byte of its answer.",
       "histogram");
  for (const auto& [route, times] : times_)
    times.first_byte.append(out, "zubr_http_first_byte_seconds", fmt::format("route=\"{}\"", route));
  return out;
}

}  // namespace zubr::server
