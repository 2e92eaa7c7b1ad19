#include "models/blobs/file_copy.h"

#include <cerrno>
#include <fstream>
#include <vector>

#include "core/atomic_file.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kPiece = 4 << 20;

using Take = std::function<Result<void>(std::uint64_t offset, std::string_view bytes)>;

Result<void> read_all(const fs::path& file, const Take& take, const OnBytes& progress, const std::stop_token& stop) {
  std::error_code error;
  const std::uint64_t total = fs::file_size(file, error);
  if (error) return fail(ErrorCode::kNotFound, "there is no file {}", file.string());
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(core::system_error(fmt::format("cannot read {}", file.string()), errno));
  std::vector<char> buffer(kPiece);
  std::uint64_t done = 0;
  while (in) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while reading {}", file.string());
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto got = static_cast<std::size_t>(in.gcount());
    if (got == 0) break;
    ZUBR_CHECK(take(done, {buffer.data(), got}));
    done += got;
    if (progress) progress(done, total);
  }
  if (in.bad()) return fail(ErrorCode::kIo, "cannot read {} behind byte {}", file.string(), done);
  return {};
}

}  // namespace

Result<Digest> hash_file(const fs::path& file, const OnBytes& progress, const std::stop_token& stop) {
  Sha256 hash;
  ZUBR_CHECK(read_all(
      file,
      [&](std::uint64_t, std::string_view bytes) -> Result<void> {
        hash.update(bytes);
        return {};
      },
      progress, stop));
  return hash.finish();
}

Result<Digest> import_file(const BlobStore& blobs, const fs::path& file, ImportMode mode,
                           const std::optional<Digest>& expected, const OnBytes& progress,
                           const std::stop_token& stop) {
  ZUBR_TRY(digest, hash_file(file, progress, stop));
  if (expected && digest != *expected)
    return fail(ErrorCode::kCorrupt, "{} has the sha256 {}, not {}; it is broken where it is", file.string(),
                digest.hex(), expected->hex());
  if (blobs.contains(digest)) return digest;
  ZUBR_TRY(partial, blobs.begin(digest.file_name(), stop));
  if (blobs.contains(digest)) {
    partial.discard();
    return digest;
  }
  std::error_code error;
  if (mode == ImportMode::kLink) {
    fs::create_hard_link(fs::canonical(file, error), blobs.path_of(digest), error);
    if (!error) {
      partial.discard();
      return digest;
    }
  }
  ZUBR_CHECK(blobs.check_space(fs::file_size(file, error)));
  ZUBR_CHECK(partial.reset());
  Sha256 again;  // what is written is what was hashed, whoever changes the file meanwhile
  ZUBR_CHECK(read_all(
      file,
      [&](std::uint64_t offset, std::string_view bytes) {
        again.update(bytes);
        return partial.write(offset, bytes);
      },
      {}, stop));
  if (again.finish() != digest) {
    partial.discard();
    return fail(ErrorCode::kCorrupt, "{} changed while it was copied", file.string());
  }
  ZUBR_CHECK(partial.commit(blobs.path_of(digest)));
  return digest;
}

Result<void> copy_file_out(const fs::path& file, const fs::path& target, const OnBytes& progress,
                           const std::stop_token& stop) {
  ZUBR_TRY(out, core::AtomicFile::create(target));
  ZUBR_CHECK(read_all(
      file, [&](std::uint64_t, std::string_view bytes) { return out.write(bytes); }, progress, stop));
  return out.commit();
}

}  // namespace zubr::models
