// KeyStore: the API keys of one ZUBR_HOME, in access.db.
//
// Threads: one at a time per object; several processes may have the file open. Failure: what storage says (kCorrupt,
// kDiskFull, kPermissionDenied, kUnavailable), and as below.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/api_key.h"
#include "storage/database.h"

namespace zubr::access {

class KeyStore {
 public:
  // Makes the file where it is missing, readable by its owner only.
  static Result<KeyStore> open(const std::filesystem::path& home);

  struct NewKey {
    KeyRecord record;
    std::string secret;  // shown once
  };
  // kInvalidArgument for a name that is empty, over 100 bytes or has control characters, and for an expiry in the past.
  Result<NewKey> create(std::string name, Scopes scopes, std::optional<std::chrono::sys_seconds> expires,
                        std::chrono::sys_seconds now);
  // Oldest first, revoked and expired ones too.
  Result<std::vector<KeyRecord>> list();
  // By id or, where only one key that still works has it, by name. kNotFound, kInvalidArgument for several of the name,
  // kAlreadyExists when it was revoked before.
  Result<KeyRecord> revoke(std::string_view id_or_name, std::chrono::sys_seconds now);

  // Another number after another process changed the file.
  Result<std::int64_t> version();

 private:
  explicit KeyStore(storage::Database database) : database_(std::move(database)) {}
  storage::Database database_;
};

std::filesystem::path key_file(const std::filesystem::path& home);

}  // namespace zubr::access
