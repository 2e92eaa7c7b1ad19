// OutputStream: the bytes of an output table, buffered, compressed when the name ends in .gz or .zst, and put in place
// as a whole (core::AtomicFile); "-" is standard output. Without finish() nothing of it stays. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/result.h"

namespace zubr::formats {

class OutputStream {
 public:
  static Result<std::unique_ptr<OutputStream>> create(const std::filesystem::path& path);
  virtual ~OutputStream() = default;

  // Append to it, then call flush_if_full() now and then.
  std::string& buffer() { return buffer_; }
  Result<void> flush_if_full() { return buffer_.size() < kFlushBytes ? Result<void>() : flush(); }
  // Everything out, the compressed stream closed, the file in its place.
  virtual Result<void> finish() = 0;

 protected:
  static constexpr std::size_t kFlushBytes = 1u << 20;
  virtual Result<void> flush() = 0;
  std::string buffer_;
};

}  // namespace zubr::formats
