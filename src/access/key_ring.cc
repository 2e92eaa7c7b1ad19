#include "access/key_ring.h"

#include "core/log.h"

namespace zubr::access {

Result<std::unique_ptr<KeyRing>> KeyRing::open(const std::filesystem::path& home, const core::Clock& clock) {
  ZUBR_TRY(store, KeyStore::open(home));
  auto ring = std::unique_ptr<KeyRing>(new KeyRing(std::move(store), clock));
  ZUBR_CHECK(ring->read());
  return ring;
}

Result<void> KeyRing::read() {
  read_at_ = clock_.now();
  ZUBR_TRY(version, store_.version());
  if (version == version_) return {};
  ZUBR_TRY(keys, store_.list());
  keys_.clear();
  for (KeyRecord& key : keys) keys_.emplace(key.id, std::move(key));
  version_ = version;
  return {};
}

void KeyRing::refresh() {
  if (clock_.now() - read_at_ < kRefresh) return;
  const auto done = read();
  if (!done && readable_) core::log_error("the API keys cannot be read, so none is good: {}", done.error().message());
  if (!done) version_ = -1;
  readable_ = done.has_value();
}

bool KeyRing::needed() {
  const std::lock_guard lock(mutex_);
  refresh();
  return !readable_ || !keys_.empty();
}

Verdict KeyRing::check(std::string_view presented) {
  using Kind = Verdict::Kind;
  const KeyHash hash = presented.empty() ? KeyHash{} : hash_of(presented);
  const std::lock_guard lock(mutex_);
  refresh();
  if (!readable_) return {.kind = Kind::kUnreadable};
  if (keys_.empty()) return {.kind = Kind::kOpen};
  if (presented.empty()) return {.kind = Kind::kMissing};
  const auto found = keys_.find(key_id_of(presented));
  if (found == keys_.end() || !equal_in_constant_time(hash, found->second.hash)) return {.kind = Kind::kUnknown};
  const KeyRecord& key = found->second;
  if (key.revoked) return {.kind = Kind::kRevoked, .key_id = key.id};
  if (key.expires && clock_.wall() >= *key.expires) return {.kind = Kind::kExpired, .key_id = key.id};
  return {.kind = Kind::kGranted, .scopes = key.scopes, .key_id = key.id};
}

}  // namespace zubr::access
