#include "engine/pool/pool_ledger.h"

#include <algorithm>

namespace zubr::engine {
namespace {

std::optional<core::Clock::TimePoint> expiry(const PoolEntry& entry, core::Clock::TimePoint now) {
  if (entry.pinned || entry.keep_alive < KeepAlive::zero()) return std::nullopt;
  // Beyond what the clock can say is for ever.
  if (entry.keep_alive > std::chrono::hours(24 * 365 * 10)) return std::nullopt;
  return now + entry.keep_alive;
}

bool can_go(const PoolEntry& entry) { return entry.users == 0 && !entry.pinned; }

}  // namespace

void PoolLedger::add(const std::string& name, PoolEntry entry, core::Clock::TimePoint now, KeepAlive keep_alive) {
  entry.last_use = ++uses_;
  entry.keep_alive = keep_alive;
  entry.expires = expiry(entry, now);
  entries_[name] = entry;
}

const PoolEntry* PoolLedger::find(const std::string& name) const {
  const auto at = entries_.find(name);
  return at == entries_.end() ? nullptr : &at->second;
}

void PoolLedger::use(const std::string& name) {
  PoolEntry& entry = entries_.at(name);
  ++entry.users;
  entry.last_use = ++uses_;
  entry.expires.reset();
}

bool PoolLedger::release(const std::string& name, core::Clock::TimePoint now, std::optional<KeepAlive> keep_alive) {
  PoolEntry& entry = entries_.at(name);
  entry.keep_alive = keep_alive.value_or(entry.keep_alive);
  entry.last_use = ++uses_;
  if (--entry.users > 0) return false;
  entry.expires = expiry(entry, now);
  return entry.leaving || (entry.keep_alive == KeepAlive::zero() && !entry.pinned);
}

bool PoolLedger::leave(const std::string& name) {
  PoolEntry& entry = entries_.at(name);
  entry.leaving = true;
  return entry.users == 0;
}

std::optional<std::string> PoolLedger::victim() const {
  const std::string* best = nullptr;
  for (const auto& [name, entry] : entries_) {
    if (can_go(entry) && (best == nullptr || entry.last_use < entries_.at(*best).last_use)) best = &name;
  }
  return best ? std::optional(*best) : std::nullopt;
}

bool PoolLedger::may_get_room() const {
  return std::ranges::any_of(entries_, [](const auto& one) { return !one.second.pinned; });
}

std::vector<std::string> PoolLedger::expired(core::Clock::TimePoint now) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (can_go(entry) && entry.expires && *entry.expires <= now) names.push_back(name);
  }
  return names;
}

std::optional<core::Clock::TimePoint> PoolLedger::next_expiry() const {
  std::optional<core::Clock::TimePoint> next;
  for (const auto& [name, entry] : entries_) {
    if (can_go(entry) && entry.expires && (!next || *entry.expires < *next)) next = entry.expires;
  }
  return next;
}

std::uint64_t PoolLedger::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, entry] : entries_) sum += entry.bytes;
  return sum;
}

}  // namespace zubr::engine
