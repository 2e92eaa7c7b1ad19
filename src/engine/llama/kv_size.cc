#include "engine/llama/kv_size.h"

#include <algorithm>

#include "engine/llama/handles.h"

namespace zubr::engine {

std::int64_t kv_bytes_per_token(const Model& model) {
  if (model.is_recurrent()) return 0;
  const auto* handle = model.handle();
  const std::int64_t heads = std::max(1, llama_model_n_head(handle));
  const std::int64_t kv_heads = std::max(1, llama_model_n_head_kv(handle));
  const std::int64_t keys_and_values_of_two_bytes = 4;
  return keys_and_values_of_two_bytes * llama_model_n_layer(handle) * llama_model_n_embd(handle) * kv_heads / heads;
}

}  // namespace zubr::engine
