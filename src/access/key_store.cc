#include "access/key_store.h"

#include <algorithm>
#include <array>
#include <system_error>

namespace zubr::access {
namespace {

using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 1> kSchema{
    R"(CREATE TABLE api_key (
         id TEXT PRIMARY KEY,
         name TEXT NOT NULL,
         hash TEXT NOT NULL,
         scopes TEXT NOT NULL,
         created INTEGER NOT NULL,
         expires INTEGER,
         revoked INTEGER
       ) STRICT;)"};

constexpr std::size_t kLongestName = 100;

sys_seconds at(std::int64_t seconds) { return sys_seconds(std::chrono::seconds(seconds)); }

std::optional<sys_seconds> maybe_at(std::optional<std::int64_t> seconds) {
  return seconds ? std::optional(at(*seconds)) : std::nullopt;
}

std::optional<std::int64_t> seconds_of(std::optional<sys_seconds> time) {
  return time ? std::optional<std::int64_t>(time->time_since_epoch().count()) : std::nullopt;
}

Result<KeyHash> hash_from_hex(std::string_view hex, std::string_view id) {
  KeyHash hash{};
  if (hex.size() != 2 * hash.size() || hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return fail(ErrorCode::kCorrupt, "the hash of the key {} in access.db is damaged; revoke it and make another", id);
  const auto value = [](char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); };
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::uint8_t>(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
  return hash;
}

Result<void> check_name(std::string_view name) {
  const bool plain =
      std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= kLongestName && plain) return {};
  return fail(ErrorCode::kInvalidArgument,
              "a key's name says whose it is, in 1 to {} bytes without control characters; this one has {}",
              kLongestName, name.size());
}

}  // namespace

std::filesystem::path key_file(const std::filesystem::path& home) { return home / "access.db"; }

Result<KeyStore> KeyStore::open(const std::filesystem::path& home) {
  ZUBR_TRY(database, storage::Database::open(key_file(home)));
  std::error_code error;
  using std::filesystem::perms;
  std::filesystem::permissions(key_file(home), perms::owner_read | perms::owner_write, error);
  if (error)
    return fail(ErrorCode::kPermissionDenied, "cannot keep {} to its owner: {}", key_file(home).string(),
                error.message());
  ZUBR_CHECK(storage::migrate(database, kSchema));
  return KeyStore(std::move(database));
}

Result<KeyStore::NewKey> KeyStore::create(std::string name, Scopes scopes, std::optional<sys_seconds> expires,
                                          sys_seconds now) {
  ZUBR_CHECK(check_name(name));
  if (expires && *expires <= now)
    return fail(ErrorCode::kInvalidArgument, "the key '{}' would be expired from the start", name);
  NewSecret made = make_secret();
  ZUBR_TRY(insert, database_.prepare("INSERT INTO api_key (id, name, hash, scopes, created, expires) "
                                     "VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(1, made.id);
  insert.bind(2, name);
  insert.bind(3, to_hex({reinterpret_cast<const char*>(made.hash.data()), made.hash.size()}));
  insert.bind(4, scopes_text(scopes));
  insert.bind(5, std::int64_t{now.time_since_epoch().count()});
  insert.bind(6, seconds_of(expires));
  ZUBR_CHECK(insert.run());
  return NewKey{.record = {.id = made.id,
                           .name = std::move(name),
                           .hash = made.hash,
                           .scopes = scopes,
                           .created = now,
                           .expires = expires,
                           .revoked = std::nullopt},
                .secret = std::move(made.secret)};
}

Result<std::vector<KeyRecord>> KeyStore::list() {
  ZUBR_TRY(query, database_.prepare("SELECT id, name, hash, scopes, created, expires, revoked FROM api_key "
                                    "ORDER BY created, rowid"));
  std::vector<KeyRecord> keys;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return keys;
    ZUBR_TRY(hash, hash_from_hex(query.text(2), query.text(0)));
    ZUBR_TRY(scopes, parse_scopes(query.text(3)));
    keys.push_back({.id = query.text(0),
                    .name = query.text(1),
                    .hash = hash,
                    .scopes = scopes,
                    .created = at(query.integer(4)),
                    .expires = maybe_at(query.maybe_integer(5)),
                    .revoked = maybe_at(query.maybe_integer(6))});
  }
}

Result<KeyRecord> KeyStore::revoke(std::string_view id_or_name, sys_seconds now) {
  ZUBR_TRY(transaction, storage::Transaction::begin(database_));
  ZUBR_TRY(keys, list());
  std::vector<KeyRecord> named;
  for (const KeyRecord& key : keys) {
    if (key.id == id_or_name) named = {key};
    if (key.id == id_or_name) break;
    if (key.name == id_or_name && !key.revoked) named.push_back(key);
  }
  if (named.empty()) return fail(ErrorCode::kNotFound, "there is no key '{}'; zubr keys list shows them", id_or_name);
  if (named.size() > 1)
    return fail(ErrorCode::kInvalidArgument, "{} keys have the name '{}'; say which by its id (zubr keys list)",
                named.size(), id_or_name);
  KeyRecord key = std::move(named.front());
  if (key.revoked) return fail(ErrorCode::kAlreadyExists, "the key {} ('{}') was revoked before", key.id, key.name);
  ZUBR_TRY(update, database_.prepare("UPDATE api_key SET revoked = ? WHERE id = ?"));
  update.bind(1, std::int64_t{now.time_since_epoch().count()});
  update.bind(2, key.id);
  ZUBR_CHECK(update.run());
  ZUBR_CHECK(transaction.commit());
  key.revoked = now;
  return key;
}

Result<std::int64_t> KeyStore::version() {
  ZUBR_TRY(query, database_.prepare("PRAGMA data_version"));
  ZUBR_TRY(there, query.step());
  return there ? query.integer(0) : 0;
}

}  // namespace zubr::access
