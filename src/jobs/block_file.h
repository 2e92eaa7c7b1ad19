// BlockFile: a file that only grows, and whose end is where its owner last said it was.
//
//   ZUBR_TRY(file, BlockFile::open(folder / "results", committed));  // what is behind `committed` is cut off
//   ZUBR_TRY(at, file.append(bytes));
//   ZUBR_CHECK(file.sync());  // now, and not before, `at` and the length may be written down elsewhere
//
// A process that dies between append() and the writing down leaves bytes that nobody knows of; the next open() removes
// them. So a reader of what was written down never sees half a block.
//
// Threads: append(), sync() and cut() by one thread; read() by any, of what was appended before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::jobs {

class BlockFile {
 public:
  // Makes the file where it is missing. kCorrupt when it is shorter than `committed`; kDiskFull, kPermissionDenied,
  // kIo.
  static Result<BlockFile> open(const std::filesystem::path& path, std::uint64_t committed);
  BlockFile(BlockFile&& other) noexcept;
  BlockFile& operator=(BlockFile&&) = delete;
  ~BlockFile();

  // Returns where the bytes begin. After a failure (a full disk) the file is as it was before.
  Result<std::uint64_t> append(std::string_view bytes);
  Result<void> sync();
  // Forgets everything from `size` on.
  Result<void> cut(std::uint64_t size);
  Result<std::string> read(std::uint64_t at, std::uint64_t bytes) const;

  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  BlockFile(int descriptor, std::filesystem::path path, std::uint64_t size)
      : descriptor_(descriptor), path_(std::move(path)), size_(size) {}
  tl::unexpected<Error> failed(std::string_view verb, int error_number) const;

  int descriptor_;
  std::filesystem::path path_;
  std::uint64_t size_;
};

}  // namespace zubr::jobs
