#include "access/api_key.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace zubr::access {
namespace {

constexpr std::string_view kPrefix = "zubr-";
constexpr std::size_t kIdBytes = 6;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kLength = kPrefix.size() + 2 * kIdBytes + 1 + 2 * kSecretBytes;

constexpr std::array<std::pair<Scope, std::string_view>, 3> kScopes{
    {{Scope::kInfer, "infer"}, {Scope::kManage, "manage"}, {Scope::kAdmin, "admin"}}};

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

}  // namespace

std::string_view scope_name(Scope scope) {
  for (const auto& [one, name] : kScopes) {
    if (one == scope) return name;
  }
  return "none";
}

std::string scopes_text(Scopes scopes) {
  std::string text;
  for (const auto& [scope, name] : kScopes) {
    if ((scopes & static_cast<unsigned>(scope)) == 0) continue;
    text.append(text.empty() ? "" : ",").append(name);
  }
  return text;
}

Result<Scopes> parse_scopes(std::string_view text) {
  Scopes scopes = 0;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    const auto found = std::ranges::find(kScopes, name, &std::pair<Scope, std::string_view>::second);
    if (found == kScopes.end())
      return fail(ErrorCode::kInvalidArgument, "a scope is infer, manage or admin, not '{}'", name);
    scopes |= static_cast<unsigned>(found->first);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (scopes == 0)
    return fail(ErrorCode::kInvalidArgument, "a key needs a scope: infer, manage or admin, several with commas");
  return scopes;
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

NewSecret make_secret() {
  std::array<unsigned char, kIdBytes + kSecretBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("the system gives no random numbers");
  const std::string hex = to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  NewSecret made;
  made.id = hex.substr(0, 2 * kIdBytes);
  made.secret = std::string(kPrefix).append(made.id).append("-").append(hex.substr(2 * kIdBytes));
  made.hash = hash_of(made.secret);
  OPENSSL_cleanse(random.data(), random.size());
  return made;
}

std::string_view key_id_of(std::string_view presented) {
  if (presented.size() != kLength || !presented.starts_with(kPrefix)) return {};
  const std::string_view id = presented.substr(kPrefix.size(), 2 * kIdBytes);
  const std::string_view rest = presented.substr(kPrefix.size() + 2 * kIdBytes);
  return is_hex(id) && rest.front() == '-' && is_hex(rest.substr(1)) ? id : std::string_view();
}

KeyHash hash_of(std::string_view presented) {
  KeyHash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(presented.data()), presented.size(), hash.data());
  return hash;
}

bool equal_in_constant_time(const KeyHash& a, const KeyHash& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace zubr::access
