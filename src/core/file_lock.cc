#include "core/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "core/atomic_file.h"

namespace zubr::core {
namespace {
constexpr std::chrono::milliseconds kRetryInterval{20};
}

Result<FileLock> FileLock::acquire(const std::filesystem::path& file, std::chrono::milliseconds patience) {
  std::error_code made;
  std::filesystem::create_directories(file.parent_path(), made);
  if (made) return fail(system_error(message("cannot make the folder {}", file.parent_path().string()), made.value()));
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return fail(system_error(message("cannot write {}", file.string()), errno));
  FileLock lock(descriptor);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail(system_error(message("cannot lock {}", file.string()), errno));
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(ErrorCode::kTimeout, "another process keeps {} locked; try again when it is done", file.string());
    std::this_thread::sleep_for(kRetryInterval);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace zubr::core
