// A lock between processes (flock) that can be waited for as long as the caller likes: one process fetches, the others
// wait and find it done. Released by the destructor, and by the system when a process dies.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>

#include "core/result.h"

namespace zubr::models {

class BlobLock {
 public:
  enum class Mode { kShared, kExclusive };
  // Makes the file. `on_wait` is called once when another holds it. kCancelled when stopped; kIo, kPermissionDenied.
  static Result<BlobLock> acquire(const std::filesystem::path& file, Mode mode, const std::stop_token& stop,
                                  const std::function<void()>& on_wait = {});
  BlobLock(BlobLock&& other) noexcept;
  BlobLock& operator=(BlobLock&& other) noexcept;
  BlobLock(const BlobLock&) = delete;
  BlobLock& operator=(const BlobLock&) = delete;
  ~BlobLock();

 private:
  explicit BlobLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace zubr::models
