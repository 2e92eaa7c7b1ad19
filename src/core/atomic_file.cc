#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace zubr::core {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT: return ErrorCode::kDiskFull;
    case EISDIR: return ErrorCode::kInvalidArgument;
    case ENOMEM: return ErrorCode::kOutOfMemory;
    default: return ErrorCode::kIo;
  }
}

tl::unexpected<Error> failed(std::string_view verb, const std::filesystem::path& path, int error_number) {
  return fail(system_error(fmt::format("cannot {} {}", verb, path.string()), error_number));
}

// rename() is durable only once the folder that holds the names is.
void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

Error system_error(std::string_view what, int error_number) {
  return Error(code_of(error_number),
               fmt::format("{}: {}", what, std::error_code(error_number, std::generic_category()).message()));
}

Result<AtomicFile> AtomicFile::create(const std::filesystem::path& target) {
  AtomicFile file;
  file.target_ = target;
  std::error_code ignored;
  const auto status = std::filesystem::status(target, ignored);
  if (std::filesystem::is_directory(status)) {
    return fail(ErrorCode::kInvalidArgument, "cannot write {}: it is a directory; name a file in it", target.string());
  }
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(target, ignored))) {
    const auto resolved = std::filesystem::weakly_canonical(target, ignored);
    if (!resolved.empty()) file.target_ = resolved;
  }
  file.direct_ = std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  file.temporary_ = file.target_;
  if (!file.direct_) file.temporary_ += fmt::format(".tmp-{}", ::getpid());
  const int flags = O_WRONLY | O_CLOEXEC | (file.direct_ ? 0 : O_CREAT | O_TRUNC | O_NOFOLLOW);
  file.fd_ = ::open(file.temporary_.c_str(), flags, 0666);
  if (file.fd_ < 0) {
    const int error_number = errno;
    file.temporary_.clear();
    return failed("write", target, error_number);
  }
  struct stat existing {};
  if (!file.direct_ && ::stat(file.target_.c_str(), &existing) == 0) {
    // Best effort: replacing a file should not open it to others.
    [[maybe_unused]] const int kept = ::fchmod(file.fd_, existing.st_mode & 07777);
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept { *this = std::move(other); }

AtomicFile& AtomicFile::operator=(AtomicFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  target_ = std::move(other.target_);
  temporary_ = std::move(other.temporary_);
  direct_ = other.direct_;
  fd_ = std::exchange(other.fd_, -1);
  other.temporary_.clear();
  return *this;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() noexcept {
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  if (!direct_) ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return failed("write", target_, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> AtomicFile::commit() {
  if (direct_) {
    if (::close(std::exchange(fd_, -1)) != 0) return failed("write", target_, errno);
    return {};
  }
  // Opened anew: a library may have put another file under the temporary name.
  const int written = ::open(temporary_.c_str(), O_WRONLY | O_CLOEXEC);
  if (written < 0) return failed("write", target_, errno);
  const int synced = ::fsync(written) == 0 ? 0 : errno;
  const int closed = ::close(written) == 0 ? 0 : errno;
  if (synced != 0 || closed != 0) return failed("write", target_, synced != 0 ? synced : closed);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) return failed("write", target_, errno);
  ::close(std::exchange(fd_, -1));
  sync_folder(target_.parent_path());
  return {};
}

}  // namespace zubr::core
