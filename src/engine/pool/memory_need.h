// How much memory a model will take, before it is loaded: from its file's header. An estimate on the safe side, for
// making room; what counts afterwards is measured.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/result.h"

namespace zubr::engine {

struct IntendedUse {
  int context_tokens = 0;  // 0: what the model was trained for, as far as the engine takes so much by itself
  int parallel = 1;        // generations at the same time
  bool packed = false;     // weights are kept a second time, in the order of fast kernels (ModelOptions::compute)
};

// Bytes: the weights, and a KV cache of 16 bit for all generations, of which the engine takes an eighth of
// `machine_memory` at most. Errors of formats::read_gguf_header().
Result<std::uint64_t> memory_need(const std::filesystem::path& file, const IntendedUse& use,
                                  std::uint64_t machine_memory);

}  // namespace zubr::engine
