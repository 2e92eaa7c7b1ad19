#include "models/blobs/digest.h"

#include <openssl/evp.h>

#include <new>

namespace zubr::models {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  const auto refuse = [&] { return fail(ErrorCode::kCorrupt, "'{}' is not a sha256 digest", text.substr(0, 100)); };
  std::string_view digits = text;
  if (digits.starts_with("sha256:") || digits.starts_with("sha256-")) digits.remove_prefix(7);
  std::array<std::uint8_t, 32> bytes{};
  if (digits.size() != 2 * bytes.size()) return refuse();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(digits[2 * i]), low = hex_value(digits[2 * i + 1]);
    if (high < 0 || low < 0) return refuse();
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return Digest(bytes);
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes_) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string Digest::text() const { return fmt::format("sha256:{}", hex()); }
std::string Digest::file_name() const { return fmt::format("sha256-{}", hex()); }

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  Context() {
    if (md == nullptr) throw std::bad_alloc();
    EVP_DigestInit_ex(md, EVP_sha256(), nullptr);
  }
  ~Context() { EVP_MD_CTX_free(md); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()); }

Digest Sha256::finish() {
  std::array<std::uint8_t, 32> bytes{};
  EVP_DigestFinal_ex(context_->md, bytes.data(), nullptr);
  EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr);
  return Digest(bytes);
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace zubr::models
