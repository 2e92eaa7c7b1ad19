#include "models/blobs/partial_blob.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/atomic_file.h"
#include "core/text_file.h"

namespace zubr::models {
namespace {

constexpr std::size_t kMaxJournal = 16 << 20;

tl::unexpected<Error> io_error(std::string_view what, const std::filesystem::path& file) {
  const int number = errno;
  Error error = core::system_error(fmt::format("cannot {} {}", what, file.string()), number);
  if (error.code() == ErrorCode::kDiskFull)
    return fail(Error(error.code(), error.message() + message("; what is here is kept: make room and pull again")));
  return fail(std::move(error));
}

void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

Result<PartialBlob> PartialBlob::open(BlobLock lock, const std::filesystem::path& base) {
  PartialBlob blob(std::move(lock), base);
  blob.fd_ = ::open(blob.data_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (blob.fd_ < 0) return io_error("open", blob.data_path());
  if (const auto text = core::read_text_file(blob.journal_path(), kMaxJournal)) {
    struct stat data {};
    auto journal = parse_journal(*text);
    const bool whole =
        journal && ::fstat(blob.fd_, &data) == 0 &&
        (journal->done.spans().empty() || journal->done.spans().back().end <= static_cast<std::uint64_t>(data.st_size));
    if (whole) blob.resumed_ = std::move(*journal);
  }
  return blob;
}

PartialBlob::PartialBlob(PartialBlob&& other) noexcept
    : lock_(std::move(other.lock_)),
      base_(std::move(other.base_)),
      fd_(std::exchange(other.fd_, -1)),
      resumed_(std::move(other.resumed_)) {}

PartialBlob::~PartialBlob() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> PartialBlob::write(std::uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return io_error("write", data_path());
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> PartialBlob::read(std::uint64_t offset, std::span<char> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", data_path());
    if (got == 0) return fail(ErrorCode::kCorrupt, "{} is shorter than it was", data_path().string());
    offset += static_cast<std::uint64_t>(got);
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<void> PartialBlob::record(const Journal& journal) const {
  const std::string beside = journal_path().string() + ".new";
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("write", beside);
  const std::string text = journal_text(journal);
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int number = errno;
  ::close(fd);
  errno = number;
  if (!whole || ::rename(beside.c_str(), journal_path().c_str()) != 0) return io_error("write", journal_path());
  return {};
}

Result<void> PartialBlob::reset() {
  ::unlink(journal_path().c_str());
  resumed_ = {};
  if (::ftruncate(fd_, 0) != 0) return io_error("empty", data_path());
  return {};
}

void PartialBlob::discard() {
  ::unlink(journal_path().c_str());
  ::unlink((journal_path().string() + ".new").c_str());
  ::unlink(data_path().c_str());
}

Result<void> PartialBlob::commit(const std::filesystem::path& target) {
  if (::fsync(fd_) != 0) return io_error("write", data_path());
  if (::rename(data_path().c_str(), target.c_str()) != 0) return io_error("rename to its final name", data_path());
  sync_folder(target.parent_path());
  discard();
  return {};
}

}  // namespace zubr::models
