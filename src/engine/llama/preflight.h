// What must be true of a file before llama.cpp may see it: the checks that llama.cpp makes by aborting the process, or
// not at all. Threads: any.
#pragma once

#include <filesystem>

#include "core/result.h"

namespace zubr::engine {

struct ModelFileFacts {
  bool learned_positions = false;  // a table with a row per position: nothing beyond it can be evaluated
};

// kNotFound; kInvalidArgument for a directory; kCorrupt for what is not a GGUF, is cut short, or says impossible
// things; the rest as formats::read_gguf_header(). `vocab_only`: a file without tensors is fine.
Result<ModelFileFacts> check_model_file(const std::filesystem::path& path, bool vocab_only);

}  // namespace zubr::engine
