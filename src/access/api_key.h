// An API key: as the text that a client sends, and as what we keep of it.
//
// "zubr-" 12 hexadecimal digits (the id: public, for finding it) "-" 64 hexadecimal digits (256 random bits). Kept is
// the SHA-256 of the whole text; with so much randomness nothing slower is needed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::access {

using KeyHash = std::array<std::uint8_t, 32>;

// What a key is good for. Scopes are bits of one number; kAdmin is good for everything.
enum class Scope : unsigned {
  kNone = 0,    // for a route: nothing is asked of the client
  kInfer = 1,   // ask models, see which there are
  kManage = 2,  // change which there are
  kAdmin = 4,
};
using Scopes = unsigned;

constexpr bool allows(Scopes granted, Scope needed) {
  return needed == Scope::kNone || (granted & static_cast<unsigned>(Scope::kAdmin)) != 0 ||
         (granted & static_cast<unsigned>(needed)) != 0;
}
std::string_view scope_name(Scope scope);
// "infer,manage" and back. kInvalidArgument for a name that is none, and for no name at all.
std::string scopes_text(Scopes scopes);
Result<Scopes> parse_scopes(std::string_view text);

struct KeyRecord {
  std::string id;
  std::string name;  // whose it is, as the one who made it wrote
  KeyHash hash{};
  Scopes scopes = 0;
  std::chrono::sys_seconds created{};
  std::optional<std::chrono::sys_seconds> expires;
  std::optional<std::chrono::sys_seconds> revoked;
};

struct NewSecret {
  std::string id;
  std::string secret;  // the whole key. Shown once, never kept
  KeyHash hash{};
};

NewSecret make_secret();  // throws std::runtime_error where the system gives no randomness
std::string_view key_id_of(std::string_view presented);  // "" for what is not in the form of a key
KeyHash hash_of(std::string_view presented);
bool equal_in_constant_time(const KeyHash& a, const KeyHash& b);

std::string to_hex(std::string_view bytes);

}  // namespace zubr::access
