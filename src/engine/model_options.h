// How a model is loaded and run. Defaults suit bulk work on a CPU.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/compute.h"

namespace zubr::engine {

struct ModelOptions {
  std::filesystem::path path;                        // a GGUF file
  std::string name;                                  // as the user calls it; empty = the file's stem
  int threads = 0;                                   // 0 = one per core
  int context_tokens = 0;                            // per sequence; 0 = what the model was trained for
  int parallel = 4;                                  // generations that run at the same time
  Compute compute = Compute::kGgml;                  // of the large matrix products
  std::function<bool(float)> progress;               // 0..1 while loading; false stops it
  std::string chat_template = {};                    // Jinja, instead of the one in the file
  std::filesystem::path projector = {};              // what turns pictures and sounds into input (mmproj); empty = none
  std::vector<std::filesystem::path> adapters = {};  // LoRA in GGUF, applied to everything the model does
};

}  // namespace zubr::engine
