// Health: who is worth asking now. A circuit breaker per provider × model × key (Nygard, "Release It!", 2007): after
// several failures in a row it opens; when its time is over one probe is let through, and closes it or opens it for
// twice as long. What a provider says about when to come back (Retry-After) counts. A key that is good for nothing is
// not used again for a while.
//
// Pure: time comes in. Threads: one at a time.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "core/clock.h"
#include "providers/fault.h"

namespace zubr::router {

struct HealthOptions {
  int failures_to_open = 3;  // in a row
  std::chrono::milliseconds first_pause{5'000};
  std::chrono::milliseconds longest_pause{300'000};
  std::chrono::milliseconds rate_limit_pause{1'000};  // where nobody says how long
  std::chrono::milliseconds dead_key_pause{600'000};
  std::chrono::milliseconds most_believed{3'600'000};  // of what a Retry-After asks
};

struct Line {
  std::string provider, model;
  int key = 0;
  auto operator<=>(const Line&) const = default;
};

class Health {
 public:
  explicit Health(HealthOptions options = {}) : options_(options) {}
  using TimePoint = core::Clock::TimePoint;

  // May be asked now; a probe counts as taken only by begin().
  bool admits(const Line& line, TimePoint now) const;
  // When it may be asked again; none: now.
  std::optional<TimePoint> closed_until(const Line& line, TimePoint now) const;

  // Every begin() is followed by one of the others. False: not admitted, nothing was begun.
  bool begin(const Line& line, TimePoint now);
  void succeeded(const Line& line);
  void failed(const Line& line, providers::Fault fault, std::optional<std::chrono::milliseconds> retry_after,
              TimePoint now);
  // Ended for a reason that says nothing about the line: we stopped, the request was wrong.
  void ended(const Line& line);

 private:
  struct State {
    int failures = 0;  // in a row
    int openings = 0;  // in a row
    std::optional<TimePoint> until = {};
    bool probing = false;
  };
  void pause(State& state, std::chrono::milliseconds time, TimePoint now);
  const State* find(const Line& line) const;

  HealthOptions options_;
  std::map<Line, State> states_;
};

}  // namespace zubr::router
