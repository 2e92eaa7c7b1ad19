// PoolLedger: which models are in memory, who uses them, what goes when room is needed and what goes by itself.
//
// A model in use is never chosen. Of the others the one unused for longest goes first; a pinned one never. A model
// leaves by itself when its last user's keep-alive has passed.
//
// Pure: time comes in. Threads: one at a time. Names are the caller's, one entry each.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"

namespace zubr::engine {

using KeepAlive = std::chrono::milliseconds;
inline constexpr KeepAlive kKeepForEver{-1};

struct PoolEntry {
  std::uint64_t bytes = 0;
  int context_tokens = 0;
  int users = 0;
  bool pinned = false;
  bool leaving = false;  // goes when nobody uses it any more, and is given to nobody else
  std::uint64_t last_use = 0;
  KeepAlive keep_alive = kKeepForEver;                 // after its last use
  std::optional<core::Clock::TimePoint> expires = {};  // none: in use, or for ever
};

class PoolLedger {
 public:
  void add(const std::string& name, PoolEntry entry, core::Clock::TimePoint now, KeepAlive keep_alive);
  void remove(const std::string& name) { entries_.erase(name); }
  // Null: not in memory.
  const PoolEntry* find(const std::string& name) const;

  void use(const std::string& name);
  // keep_alive < 0: for ever; 0: no longer; none: as it was before. Of several users the last one's counts. True: to be
  // unloaded now.
  bool release(const std::string& name, core::Clock::TimePoint now, std::optional<KeepAlive> keep_alive);
  // To be unloaded as soon as nobody uses it. True: now.
  bool leave(const std::string& name);

  // What to unload for room; none when all are in use or pinned.
  std::optional<std::string> victim() const;
  // Whether waiting can make room: some are in use that are not pinned.
  bool may_get_room() const;
  std::vector<std::string> expired(core::Clock::TimePoint now) const;
  std::optional<core::Clock::TimePoint> next_expiry() const;
  std::uint64_t bytes() const;
  const std::map<std::string, PoolEntry>& entries() const { return entries_; }

 private:
  std::map<std::string, PoolEntry> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace zubr::engine
