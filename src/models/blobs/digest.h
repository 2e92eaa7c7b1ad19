// SHA-256: as a name for bytes, and computed over them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::models {

// 32 bytes. Can only come from 64 hexadecimal digits or from a hash, so it is never a path.
class Digest {
 public:
  // "sha256:" or "sha256-" and 64 digits, or the digits alone; capitals are accepted. kCorrupt for anything else: such
  // text comes from outside.
  static Result<Digest> parse(std::string_view text);
  explicit Digest(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}

  std::string hex() const;   // 64 small digits
  std::string text() const;  // as manifests write it
  std::string file_name() const;

  auto operator<=>(const Digest&) const = default;

 private:
  std::array<std::uint8_t, 32> bytes_;
};

// One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  // Of everything so far; afterwards the object is as new.
  Digest finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Digest sha256(std::string_view bytes);

}  // namespace zubr::models
