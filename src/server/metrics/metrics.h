// Metrics: what the server counts, in the text form that Prometheus reads
// (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4).
//
// Threads: every method from any. A request costs a mutex and two map lookups. Never a prompt, an answer or a path as a
// client wrote it: labels are routes, methods and statuses, so there are only so many.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "inference/generation.h"
#include "server/access_record.h"

namespace zubr::server {

// Seconds, cumulative as Prometheus has them. Not thread-safe.
class Histogram {
 public:
  static constexpr std::array<double, 14> kBounds{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1,
                                                  0.25,   0.5,    1,     2.5,   10,   60,   300};
  void add(std::chrono::microseconds time);
  // `labels`: `route="/x"`, or "".
  void append(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  std::array<std::uint64_t, kBounds.size()> counts_{};  // of this bucket alone
  std::uint64_t count_ = 0;
  double sum_s_ = 0;
};

class Metrics {
 public:
  void count(const AccessRecord& record);
  void count_generation(const inference::Usage& usage);
  void count_embedding(std::int64_t tokens);

  // A number that is asked for when somebody looks. Before the first text().
  void add_gauge(std::string name, std::string help, std::function<double()> value);

  std::string text() const;

 private:
  struct Gauge {
    std::string name, help;
    std::function<double()> value;
  };
  struct RouteTimes {
    Histogram total, first_byte;
  };

  mutable std::mutex mutex_;
  std::map<std::tuple<std::string, std::string_view, int>, std::uint64_t, std::less<>>
      requests_;  // method, route, status
  std::map<std::string_view, RouteTimes> times_;
  std::array<std::uint64_t, 4> outcomes_{};
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
  std::vector<Gauge> gauges_;
  std::atomic<std::uint64_t> prompt_tokens_{0}, cached_tokens_{0}, completion_tokens_{0}, embedding_tokens_{0};
};

}  // namespace zubr::server
