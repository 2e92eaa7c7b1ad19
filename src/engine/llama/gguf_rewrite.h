// A GGUF file again, with other numbers in some tensors or other types: everything else of it is kept. One tensor is in
// memory at a time. Threads: any; one file each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

struct RewriteTensor {
  std::string_view name;
  std::span<const std::uint64_t> dims;  // the contiguous one first
  std::uint32_t type = 0;               // ggml's number
};

struct GgufRewrite {
  // The type a tensor is to have; may be the one it has. Unset: all keep theirs.
  std::function<std::uint32_t(const RewriteTensor&)> type = {};
  // True for tensors whose numbers change.
  std::function<bool(std::string_view name)> touches = {};
  std::function<Result<void>(std::string_view name, std::span<float> values)> change = {};
  std::string name = {};        // general.name; empty = as it is
  std::int64_t file_type = -1;  // general.file_type; -1 = as it is
};

// Writes through AtomicFile. kNotFound, kCorrupt, kUnsupported (a type that cannot be read or written), kDiskFull ….
Result<void> rewrite_gguf(const std::filesystem::path& source, const std::filesystem::path& target,
                          const GgufRewrite& rewrite);

}  // namespace zubr::engine
