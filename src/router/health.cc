#include "router/health.h"

#include <algorithm>

namespace zubr::router {
namespace {

// A key that is none is none for every model of its provider.
Line key_line(const Line& line) { return {line.provider, {}, line.key}; }

}  // namespace

const Health::State* Health::find(const Line& line) const {
  const auto found = states_.find(line);
  return found == states_.end() ? nullptr : &found->second;
}

std::optional<Health::TimePoint> Health::closed_until(const Line& line, TimePoint now) const {
  std::optional<TimePoint> until;
  for (const State* state : {find(line), find(key_line(line))}) {
    if (state == nullptr || !state->until) continue;
    // While a probe is on its way nobody else goes.
    const TimePoint end = state->probing ? std::max(*state->until, now + options_.rate_limit_pause) : *state->until;
    if (end > now) until = std::max(until.value_or(end), end);
  }
  return until;
}

bool Health::admits(const Line& line, TimePoint now) const { return !closed_until(line, now); }

bool Health::begin(const Line& line, TimePoint now) {
  if (!admits(line, now)) return false;
  for (const Line& part : {line, key_line(line)}) {
    const auto found = states_.find(part);
    if (found != states_.end() && found->second.until) found->second.probing = true;
  }
  return true;
}

void Health::succeeded(const Line& line) {
  states_.erase(line);
  states_.erase(key_line(line));
}

void Health::ended(const Line& line) {
  for (const Line& part : {line, key_line(line)}) {
    const auto found = states_.find(part);
    if (found != states_.end()) found->second.probing = false;
  }
}

void Health::pause(State& state, std::chrono::milliseconds time, TimePoint now) {
  const TimePoint until = now + std::min(time, options_.most_believed);
  state.until = std::max(state.until.value_or(until), until);
}

void Health::failed(const Line& line, providers::Fault fault, std::optional<std::chrono::milliseconds> retry_after,
                    TimePoint now) {
  using providers::Fault;
  ended(line);
  if (fault == Fault::kBadKey || fault == Fault::kNoCredit)
    return pause(states_[key_line(line)], options_.dead_key_pause, now);
  if (fault == Fault::kForbidden || fault == Fault::kNoSuchModel)
    return pause(states_[line], options_.dead_key_pause, now);
  if (!providers::may_pass(fault)) return;
  State& state = states_[line];
  ++state.failures;
  if (fault == Fault::kRateLimited) return pause(state, retry_after.value_or(options_.rate_limit_pause), now);
  const bool was_probe = state.until && *state.until <= now;
  if (state.failures >= options_.failures_to_open || was_probe) {
    const int doublings = std::min(state.openings++, 20);
    const std::chrono::milliseconds longer(options_.first_pause.count() << doublings);
    pause(state, std::min(longer, options_.longest_pause), now);
  }
  if (retry_after) pause(state, *retry_after, now);
}

}  // namespace zubr::router
