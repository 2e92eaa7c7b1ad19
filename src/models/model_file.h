// What a model file says about itself, read from its header without loading it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/result.h"

namespace zubr::models {

struct ModelFacts {
  std::uint64_t bytes = 0;
  std::string architecture;         // "llama"; empty = unknown
  std::int64_t parameters = 0;      // 0 = unknown
  std::string quantization;         // "Q4_0"; empty = unknown
  std::int64_t context_tokens = 0;  // 0 = unknown
};

// kNotFound, kInvalidArgument (a directory, empty), kCorrupt (no GGUF, truncated, hostile counts), kPermissionDenied.
Result<ModelFacts> inspect_model_file(const std::filesystem::path& file);

}  // namespace zubr::models
