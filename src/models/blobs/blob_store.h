// Files kept under the hash of their content, shared by all models that use them:
//
//   $ZUBR_HOME/blobs/sha256-<hex>            a whole blob; it is there only once its hash was right
//   $ZUBR_HOME/blobs/partial/<key>.{data,journal,lock}   on its way
//   $ZUBR_HOME/blobs/references/<owner>      which blobs a model needs (blob_references.h)
//
// Threads and processes: every method may run at the same time in any of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "models/blobs/blob_lock.h"
#include "models/blobs/digest.h"
#include "models/blobs/partial_blob.h"

namespace zubr::models {

class BlobStore {
 public:
  using FreeBytes = std::function<Result<std::uint64_t>(const std::filesystem::path&)>;

  // Makes the folders. `free_bytes` is replaced by tests.
  static Result<BlobStore> open(std::filesystem::path folder, FreeBytes free_bytes = {});

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path path_of(const Digest& digest) const { return folder_ / digest.file_name(); }
  bool contains(const Digest& digest) const;
  Result<std::uint64_t> size_of(const Digest& digest) const;
  Result<std::vector<Digest>> list() const;

  // Removes what a process left that died between giving a blob its name and forgetting how it was fetched.
  Result<void> sweep(const Digest& digest, const std::stop_token& stop) const;

  // The blob on its way under `key` (a digest's file_name(), or "url-<hex>"), once no other process is at it.
  Result<PartialBlob> begin(const std::string& key, const std::stop_token& stop,
                            const std::function<void()>& on_wait = {}) const;

  // kDiskFull, with both numbers, when `bytes` more would not fit with a little room left.
  Result<void> check_space(std::uint64_t bytes) const;

  // Bytes that are in memory.
  Result<Digest> put(std::string_view bytes, const std::stop_token& stop) const;

  Result<void> remove(const Digest& digest) const;

  // Held by who fetches and has not said yet what for; collect_garbage() waits for all of them.
  Result<BlobLock> keep_all(const std::stop_token& stop) const;

  struct Garbage {
    std::vector<Digest> blobs;
    std::uint64_t bytes = 0;  // with partial downloads
    int partials = 0;
  };
  // Removes the blobs that `needed` does not name, and what was left of downloads nobody is at. `needed` is asked once
  // nobody fetches any more, so that a model pulled meanwhile is in it.
  using Needed = std::function<Result<std::set<Digest>>()>;
  Result<Garbage> collect_garbage(const Needed& needed, bool dry_run, const std::stop_token& stop) const;
  // The same for these blobs only, and at once: kUnavailable while anybody fetches.
  Result<Garbage> remove_unneeded(const std::vector<Digest>& blobs, const Needed& needed) const;

 private:
  BlobStore(std::filesystem::path folder, FreeBytes free_bytes)
      : folder_(std::move(folder)), free_bytes_(std::move(free_bytes)) {}
  std::filesystem::path partial_folder() const { return folder_ / "partial"; }

  std::filesystem::path folder_;
  FreeBytes free_bytes_;
};

}  // namespace zubr::models
