// AtomicFile: a file that appears whole or not at all. Bytes go to `<target>.tmp-<pid>` beside the target; commit()
// makes them durable and renames over the target in one step; a destructor without commit() removes them.
//
//   ZUBR_TRY(file, AtomicFile::create("out.csv"));
//   ZUBR_CHECK(file.write("a,b\n"));
//   ZUBR_CHECK(file.commit());
//
// A symbolic link is followed: the file it points to is replaced, not the link. A target that is no regular file (a
// pipe, /dev/null) cannot be renamed over; it is written directly. One thread. Moving leaves an empty object behind.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/result.h"

namespace zubr::core {

class AtomicFile {
 public:
  // kInvalidArgument: a directory; kNotFound: no such folder; kPermissionDenied, kDiskFull, kIo.
  static Result<AtomicFile> create(const std::filesystem::path& target);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Unbuffered: hand it large pieces.
  Result<void> write(std::string_view bytes);
  // For a library that writes a file itself: it may replace this file's content (same path) before commit().
  const std::filesystem::path& temporary_path() const { return temporary_; }
  bool is_direct() const { return direct_; }

  // fsync, rename, fsync of the folder. Nothing more may be written.
  Result<void> commit();

 private:
  AtomicFile() = default;
  void discard() noexcept;

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // == target_ when direct_
  int fd_ = -1;
  bool direct_ = false;
};

// The code and text of a failed system call: ENOENT → kNotFound, EACCES/EPERM/EROFS → kPermissionDenied,
// ENOSPC/EDQUOT → kDiskFull, EISDIR → kInvalidArgument, ENOMEM → kOutOfMemory, else kIo.
// "cannot write out.csv: No space left on device" from system_error("cannot write out.csv", errno).
Error system_error(std::string_view what, int error_number);

}  // namespace zubr::core
