// How much memory the KV cache of a model takes. Threads: any.
#pragma once

#include <cstdint>

#include "engine/llama/model.h"

namespace zubr::engine {

// Bytes of one token in the KV cache at 16 bit, an estimate from the model's shape; 0 for models whose state does not
// grow with the text.
std::int64_t kv_bytes_per_token(const Model& model);

}  // namespace zubr::engine
