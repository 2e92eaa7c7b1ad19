// A blob on its way: a data file written at any offset, a journal that says which bytes are there, a lock that keeps
// other processes off. What a killed process leaves behind is found again by the next one.
//
// Threads: write() and read() from any; the rest from one. Nothing is fsynced before commit(): what a power failure
// takes away shows in the hash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "core/result.h"
#include "models/blobs/blob_lock.h"
#include "models/blobs/journal.h"

namespace zubr::models {

class PartialBlob {
 public:
  // `base` without extension: base.data, base.journal. A journal that cannot be read, or has no data, counts as none.
  static Result<PartialBlob> open(BlobLock lock, const std::filesystem::path& base);
  PartialBlob(PartialBlob&& other) noexcept;
  PartialBlob& operator=(PartialBlob&&) = delete;
  ~PartialBlob();

  // As a former process left it.
  const Journal& resumed() const { return resumed_; }

  Result<void> write(std::uint64_t offset, std::string_view bytes) const;
  // Exactly bytes.size() bytes; kCorrupt when the file is shorter.
  Result<void> read(std::uint64_t offset, std::span<char> bytes) const;
  // Replaces the journal in one step.
  Result<void> record(const Journal& journal) const;
  // Begins anew: no data, no journal; still locked.
  Result<void> reset();
  // Removes both.
  void discard();
  // Durable, then under its final name in one step.
  Result<void> commit(const std::filesystem::path& target);

 private:
  PartialBlob(BlobLock lock, std::filesystem::path base) : lock_(std::move(lock)), base_(std::move(base)) {}
  std::filesystem::path data_path() const { return base_.string() + ".data"; }
  std::filesystem::path journal_path() const { return base_.string() + ".journal"; }

  BlobLock lock_;
  std::filesystem::path base_;
  int fd_ = -1;
  Journal resumed_;
};

}  // namespace zubr::models
