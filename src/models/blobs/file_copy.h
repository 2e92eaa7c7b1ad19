// Files into the blob store, out of it, and hashed where they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

#include "core/result.h"
#include "models/blobs/blob_store.h"
#include "models/blobs/digest.h"

namespace zubr::models {

using OnBytes = std::function<void(std::uint64_t done, std::uint64_t total)>;  // of one file

// kNotFound, kIo, kCancelled.
Result<Digest> hash_file(const std::filesystem::path& file, const OnBytes& progress, const std::stop_token& stop);

enum class ImportMode {
  kCopy,
  kLink,  // a hard link where both are on one file system and the file is ours to link, else a copy
};

// The file as a blob. When `expected` is set and the bytes are others, nothing stays: kCorrupt with both. A link is
// made only to a file whose hash was right a moment ago.
Result<Digest> import_file(const BlobStore& blobs, const std::filesystem::path& file, ImportMode mode,
                           const std::optional<Digest>& expected, const OnBytes& progress, const std::stop_token& stop);

// Whole or not at all; replaces `target`.
Result<void> copy_file_out(const std::filesystem::path& file, const std::filesystem::path& target,
                           const OnBytes& progress, const std::stop_token& stop);

}  // namespace zubr::models
