// BoundedFile: a file read forwards that knows how much of it is left, for parsing what cannot be trusted.
// Little-endian integers and skips; reading past the end is kCorrupt with the offset, never a short read. One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace zubr::formats {

class BoundedFile {
 public:
  // kNotFound, kInvalidArgument (not a regular file), kPermissionDenied, kIo.
  static Result<BoundedFile> open(const std::filesystem::path& path);
  BoundedFile(BoundedFile&& other) noexcept;
  BoundedFile& operator=(BoundedFile&&) = delete;
  ~BoundedFile();

  std::uint64_t size() const { return size_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return size_ - position_; }

  Result<void> read(void* out, std::size_t bytes);
  Result<void> skip(std::uint64_t bytes);

  // A number as it lies on a little-endian machine.
  template <typename T>
  Result<T> number() {
    T value{};
    ZUBR_CHECK(read(&value, sizeof value));
    return value;
  }

 private:
  BoundedFile(int fd, std::uint64_t size, std::string name) : fd_(fd), size_(size), name_(std::move(name)) {}
  tl::unexpected<Error> ended(std::uint64_t wanted) const;

  int fd_;
  std::uint64_t size_;
  std::string name_;
  std::uint64_t position_ = 0;
  std::vector<char> buffer_;
  std::uint64_t buffer_at_ = 0;  // where buffer_ begins in the file
};

}  // namespace zubr::formats
