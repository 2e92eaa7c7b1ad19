#include "models/blobs/blob_store.h"

#include <algorithm>
#include <system_error>

#include "core/display.h"
#include "core/machine.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kRoom = 64 << 20;  // left for everybody else

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return {};
  const auto code = error == std::errc::permission_denied ? ErrorCode::kPermissionDenied : ErrorCode::kIo;
  return fail(code, "cannot make the folder {}: {}", folder.string(), error.message());
}

// Keys become file names; they come from digests and hashes only.
bool is_key(std::string_view key) {
  return !key.empty() &&
         std::ranges::all_of(key, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Result<BlobStore> BlobStore::open(fs::path folder, FreeBytes free_bytes) {
  BlobStore store(std::move(folder), free_bytes ? std::move(free_bytes) : FreeBytes(&core::free_disk_bytes));
  ZUBR_CHECK(make_folder(store.partial_folder()));
  return store;
}

bool BlobStore::contains(const Digest& digest) const {
  std::error_code error;
  return fs::is_regular_file(path_of(digest), error);
}

Result<std::uint64_t> BlobStore::size_of(const Digest& digest) const {
  std::error_code error;
  const std::uint64_t size = fs::file_size(path_of(digest), error);
  if (error) return fail(ErrorCode::kNotFound, "blob {} is not here", digest.text());
  return size;
}

Result<std::vector<Digest>> BlobStore::list() const {
  std::vector<Digest> digests;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (const auto digest = Digest::parse(name); digest && digest->file_name() == name) digests.push_back(*digest);
  }
  if (error) return fail(ErrorCode::kIo, "cannot read the folder {}: {}", folder_.string(), error.message());
  std::ranges::sort(digests);
  return digests;
}

Result<PartialBlob> BlobStore::begin(const std::string& key, const std::stop_token& stop,
                                     const std::function<void()>& on_wait) const {
  if (!is_key(key)) return fail(ErrorCode::kInternal, "'{}' cannot name a partial blob", key);
  const fs::path base = partial_folder() / key;
  ZUBR_TRY(lock, BlobLock::acquire(base.string() + ".lock", BlobLock::Mode::kExclusive, stop, on_wait));
  return PartialBlob::open(std::move(lock), base);
}

Result<void> BlobStore::sweep(const Digest& digest, const std::stop_token& stop) const {
  const std::string key = digest.file_name();
  std::error_code error;
  if (!fs::exists(partial_folder() / (key + ".journal"), error)) return {};
  ZUBR_TRY(partial, begin(key, stop));
  if (contains(digest)) partial.discard();
  return {};
}

Result<void> BlobStore::check_space(std::uint64_t bytes) const {
  ZUBR_TRY(free, free_bytes_(folder_));
  if (bytes <= free && free - bytes >= std::min(kRoom, bytes)) return {};
  return fail(ErrorCode::kDiskFull,
              "{} needs {} more, but {} is free there; make room, or set ZUBR_HOME to another disk", folder_.string(),
              core::display_bytes(bytes), core::display_bytes(free));
}

Result<Digest> BlobStore::put(std::string_view bytes, const std::stop_token& stop) const {
  const Digest digest = sha256(bytes);
  if (contains(digest)) return digest;
  ZUBR_TRY(partial, begin(digest.file_name(), stop));
  if (contains(digest)) {
    partial.discard();
    return digest;
  }
  ZUBR_CHECK(partial.reset());
  ZUBR_CHECK(partial.write(0, bytes));
  ZUBR_CHECK(partial.commit(path_of(digest)));
  return digest;
}

Result<void> BlobStore::remove(const Digest& digest) const {
  std::error_code error;
  fs::remove(path_of(digest), error);
  if (error) return fail(ErrorCode::kIo, "cannot remove {}: {}", path_of(digest).string(), error.message());
  return {};
}

Result<BlobLock> BlobStore::keep_all(const std::stop_token& stop) const {
  return BlobLock::acquire(folder_ / "garbage.lock", BlobLock::Mode::kShared, stop);
}

Result<BlobStore::Garbage> BlobStore::collect_garbage(const Needed& needed, bool dry_run,
                                                      const std::stop_token& stop) const {
  // Nobody fetches while this is held, so every partial file is a left-over and no new blob is waiting for its name.
  ZUBR_TRY(lock, BlobLock::acquire(folder_ / "garbage.lock", BlobLock::Mode::kExclusive, stop));
  ZUBR_TRY(kept, needed());
  Garbage garbage;
  ZUBR_TRY(digests, list());
  for (const Digest& digest : digests) {
    if (kept.contains(digest)) continue;
    garbage.bytes += size_of(digest).value_or(0);
    garbage.blobs.push_back(digest);
    if (!dry_run) ZUBR_CHECK(remove(digest));
  }
  std::error_code error;
  std::vector<fs::path> left;
  for (fs::directory_iterator at(partial_folder(), error), end; !error && at != end; at.increment(error))
    left.push_back(at->path());
  for (const fs::path& file : left) {
    if (file.extension() == ".data") {
      ++garbage.partials;
      const std::uint64_t size = fs::file_size(file, error);
      if (!error) garbage.bytes += size;
    }
    if (!dry_run) fs::remove(file, error);
  }
  return garbage;
}

Result<BlobStore::Garbage> BlobStore::remove_unneeded(const std::vector<Digest>& blobs, const Needed& needed) const {
  std::stop_source at_once;
  at_once.request_stop();
  const auto lock = BlobLock::acquire(folder_ / "garbage.lock", BlobLock::Mode::kExclusive, at_once.get_token());
  if (!lock && lock.error().code() == ErrorCode::kCancelled)
    return fail(ErrorCode::kUnavailable, "another zubr is fetching into {}", folder_.string());
  if (!lock) return fail(lock.error());
  ZUBR_TRY(kept, needed());
  Garbage garbage;
  for (const Digest& digest : blobs) {
    if (kept.contains(digest) || !contains(digest)) continue;
    garbage.bytes += size_of(digest).value_or(0);
    garbage.blobs.push_back(digest);
    ZUBR_CHECK(remove(digest));
  }
  return garbage;
}

}  // namespace zubr::models
