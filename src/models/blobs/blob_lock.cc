#include "models/blobs/blob_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "core/atomic_file.h"

namespace zubr::models {
namespace {

// The file may be removed by garbage collection between our open and our lock; then the lock is on nothing.
bool still_there(int fd, const std::filesystem::path& file) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(fd, &ours) == 0 && ::stat(file.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

Result<BlobLock> BlobLock::acquire(const std::filesystem::path& file, Mode mode, const std::stop_token& stop,
                                   const std::function<void()>& on_wait) {
  const int operation = (mode == Mode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  bool told = false;
  for (;;) {
    BlobLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (lock.fd_ < 0) return fail(core::system_error(fmt::format("cannot lock {}", file.string()), errno));
    while (::flock(lock.fd_, operation) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return fail(core::system_error(fmt::format("cannot lock {}", file.string()), errno));
      if (!std::exchange(told, true) && on_wait) on_wait();
      pause(std::chrono::milliseconds(20), stop);
      if (stop.stop_requested())
        return fail(ErrorCode::kCancelled, "stopped while another zubr was at work on {}", file.stem().string());
    }
    if (still_there(lock.fd_, file)) return lock;
  }
}

BlobLock::BlobLock(BlobLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
BlobLock& BlobLock::operator=(BlobLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
BlobLock::~BlobLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace zubr::models
