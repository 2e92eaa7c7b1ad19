#include "bulk/job/model_digest.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace zubr::bulk {

Result<std::string> model_digest(const std::filesystem::path& file) {
  constexpr std::int64_t kEnd = 1 << 20;
  constexpr std::int64_t kPiece = 64 << 10;
  constexpr std::int64_t kPieces = 62;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::kNotFound, "cannot read the model file {}", file.string());
  const std::int64_t size = in.tellg();
  std::string bytes(kEnd, '\0');
  XXH128_hash_t hash = XXH3_128bits(&size, sizeof size);
  const auto take = [&](std::int64_t at, std::int64_t count) {
    at = std::clamp<std::int64_t>(at, 0, size);
    count = std::min(count, size - at);
    in.seekg(at);
    in.read(bytes.data(), count);
    hash = XXH3_128bits_withSeed(bytes.data(), static_cast<std::size_t>(count), hash.low64 ^ hash.high64);
  };
  take(0, kEnd);
  for (std::int64_t i = 1; i <= kPieces; ++i) take(size / (kPieces + 1) * i, kPiece);
  take(size - kEnd, kEnd);
  if (!in) return fail(ErrorCode::kIo, "cannot read the model file {}", file.string());
  return fmt::format("{:016x}{:016x}-{}", hash.high64, hash.low64, size);
}

}  // namespace zubr::bulk
