// ByteSource: bytes of a file or of standard input, decompressed on the way when the name ends in .gz or .zst.
//
// Concatenated gzip members and zstd frames read as one stream. A compressed stream that is damaged or ends early is
// kCorrupt, never a short read. One thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>

#include "core/result.h"

namespace zubr::formats {

enum class Compression { kNone, kGzip, kZstd };

// By the last extension, in any case: .gz .zst.
Compression compression_of(const std::filesystem::path& path);

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills up to `size` bytes; 0 only at the end.
  virtual Result<std::size_t> read(char* buffer, std::size_t size) = 0;
};

// "-" is standard input. kNotFound, kInvalidArgument (a directory), kPermissionDenied, kIo.
Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path);

}  // namespace zubr::formats
