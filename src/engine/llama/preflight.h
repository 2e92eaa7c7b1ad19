// What must be true of a file before llama.cpp may see it: the checks that llama.cpp makes by aborting the process, or
// not at all. Threads: any.
#pragma once

#include <filesystem>

#include "core/result.h"

namespace zubr::engine {

// kNotFound; kInvalidArgument for a directory; kCorrupt for what is not a GGUF, is cut short, or says impossible things.
// `vocab_only`: a file without tensors is fine.
Result<void> check_model_file(const std::filesystem::path& path, bool vocab_only);

}  // namespace zubr::engine
