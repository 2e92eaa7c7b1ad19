#include "formats/bounded_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/atomic_file.h"

namespace zubr::formats {
namespace {

constexpr std::size_t kBuffer = 64u << 10;

}  // namespace

Result<BoundedFile> BoundedFile::open(const std::filesystem::path& path) {
  const std::string name = path.string();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT) return fail(ErrorCode::kNotFound, "there is no file {}; check the path", name);
    return fail(core::system_error(fmt::format("cannot read {}", name), errno));
  }
  struct stat info {};
  const bool known = ::fstat(fd, &info) == 0;
  BoundedFile file(fd, known ? static_cast<std::uint64_t>(info.st_size) : 0, name);
  if (!known || !S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, "{} is {}; name one file", name,
                S_ISDIR(info.st_mode) ? "a directory" : "not a regular file");
  }
  return file;
}

BoundedFile::BoundedFile(BoundedFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      name_(std::move(other.name_)),
      position_(other.position_),
      buffer_(std::move(other.buffer_)),
      buffer_at_(other.buffer_at_) {}

BoundedFile::~BoundedFile() {
  if (fd_ >= 0) ::close(fd_);
}

tl::unexpected<Error> BoundedFile::ended(std::uint64_t wanted) const {
  return fail(ErrorCode::kCorrupt, "{} is truncated: {} bytes are wanted at byte {}, and the file has {}", name_,
              wanted, position_, size_);
}

Result<void> BoundedFile::read(void* out, std::size_t bytes) {
  if (bytes > left()) return ended(bytes);
  auto* to = static_cast<char*>(out);
  while (bytes > 0) {
    if (position_ < buffer_at_ || position_ >= buffer_at_ + buffer_.size()) {
      buffer_.resize(kBuffer);
      buffer_at_ = position_;
      const ssize_t got = ::pread(fd_, buffer_.data(), kBuffer, static_cast<off_t>(position_));
      if (got < 0 && errno != EINTR) return fail(core::system_error(fmt::format("cannot read {}", name_), errno));
      buffer_.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0) return ended(bytes);  // it shrank while it was read
      continue;
    }
    const std::size_t from = position_ - buffer_at_;
    const std::size_t piece = std::min(bytes, buffer_.size() - from);
    std::memcpy(to, buffer_.data() + from, piece);
    to += piece;
    bytes -= piece;
    position_ += piece;
  }
  return {};
}

Result<void> BoundedFile::skip(std::uint64_t bytes) {
  if (bytes > left()) return ended(bytes);
  position_ += bytes;
  return {};
}

}  // namespace zubr::formats
