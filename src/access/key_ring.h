// KeyRing: the keys of a running server. What `zubr keys` changes is seen within kRefresh.
//
// Threads: check() from any thread; it holds a mutex for microseconds and reads the file at most once in kRefresh.
// Failure: closed. When the file cannot be read, no key is good until it can.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "access/key_store.h"
#include "core/clock.h"

namespace zubr::access {

struct Verdict {
  enum class Kind {
    kOpen,     // no key was ever made: nobody needs one
    kGranted,  // `scopes` say for what
    kMissing,  // a key is needed, and there is none
    kUnknown,  // no such key; also one with another secret
    kExpired,
    kRevoked,
    kUnreadable,  // the file of the keys cannot be read
  };
  Kind kind = Kind::kOpen;
  Scopes scopes = 0;
  std::string key_id = {};  // for the log
};

class KeyRing {
 public:
  static constexpr std::chrono::milliseconds kRefresh{1'000};

  // `clock` must outlive the ring.
  static Result<std::unique_ptr<KeyRing>> open(const std::filesystem::path& home, const core::Clock& clock);

  // `presented`: what the client sent as its key; empty = nothing.
  Verdict check(std::string_view presented);
  // A key was made once, be it revoked by now.
  bool needed();

 private:
  KeyRing(KeyStore store, const core::Clock& clock) : store_(std::move(store)), clock_(clock) {}
  Result<void> read();
  void refresh();  // mutex_ held

  std::mutex mutex_;
  KeyStore store_;
  const core::Clock& clock_;
  std::map<std::string, KeyRecord, std::less<>> keys_;
  std::int64_t version_ = -1;
  core::Clock::TimePoint read_at_{};
  bool readable_ = true;
};

}  // namespace zubr::access
