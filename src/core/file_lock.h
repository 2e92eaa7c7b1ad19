// A lock between processes, on a file that exists only for it. Held until the object goes; the system releases it when
// a process dies. One thread waits at most `patience`, so that a stuck process elsewhere is an error and not a hang.
#pragma once

#include <chrono>
#include <filesystem>

#include "core/result.h"

namespace zubr::core {

class FileLock {
 public:
  // Makes the file and its folder where missing. kTimeout, naming the file, when another process keeps it; kIo ….
  static Result<FileLock> acquire(const std::filesystem::path& file,
                                  std::chrono::milliseconds patience = std::chrono::seconds(10));
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace zubr::core
