#include "jobs/block_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/atomic_file.h"

namespace zubr::jobs {

tl::unexpected<Error> BlockFile::failed(std::string_view verb, int error_number) const {
  return fail(core::system_error(fmt::format("cannot {} {}", verb, path_.string()), error_number));
}

Result<BlockFile> BlockFile::open(const std::filesystem::path& path, std::uint64_t committed) {
  constexpr int kOwnerOnly = 0600;
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  BlockFile file(descriptor, path, committed);
  if (descriptor < 0) return file.failed("write", errno);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return file.failed("read", errno);
  const auto there = static_cast<std::uint64_t>(info.st_size);
  if (there < committed)
    return fail(ErrorCode::kCorrupt, "{} has {} bytes, and {} were written down as safe; it was cut by somebody else",
                path.string(), there, committed);
  if (there > committed) ZUBR_CHECK(file.cut(committed));
  return file;
}

BlockFile::BlockFile(BlockFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)), size_(other.size_) {}

BlockFile::~BlockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::uint64_t> BlockFile::append(std::string_view bytes) {
  const std::uint64_t at = size_;
  std::uint64_t end = at;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(end));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      auto error = failed("write", written < 0 ? errno : EIO);
      (void)cut(at);
      return error;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    end += static_cast<std::uint64_t>(written);
  }
  size_ = end;
  return at;
}

Result<void> BlockFile::sync() {
  if (::fdatasync(descriptor_) != 0) return failed("write", errno);
  return {};
}

Result<void> BlockFile::cut(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return failed("shorten", errno);
  size_ = size;
  return {};
}

Result<std::string> BlockFile::read(std::uint64_t at, std::uint64_t bytes) const {
  if (at > size_ || bytes > size_ - at)
    return fail(ErrorCode::kCorrupt, "{} has no {} bytes at {}; it ends at {}", path_.string(), bytes, at, size_);
  std::string block(bytes, '\0');
  for (std::uint64_t got = 0; got < bytes;) {
    const ssize_t more = ::pread(descriptor_, block.data() + got, bytes - got, static_cast<off_t>(at + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return failed("read", errno);
    if (more == 0) return fail(ErrorCode::kCorrupt, "{} ends at {}, before its end", path_.string(), at + got);
    got += static_cast<std::uint64_t>(more);
  }
  return block;
}

}  // namespace zubr::jobs
