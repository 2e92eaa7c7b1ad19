#include "engine/llama/tensors.h"

#include <ggml-backend.h>
#include <ggml.h>
#include <llama.h>

#include <string>
#include <string_view>
#include <utility>

// Defined by libllama, declared in a header that is not installed.
const std::vector<std::pair<std::string, ggml_tensor*>>& llama_internal_get_tensor_map(const llama_model* model);

namespace zubr::engine {

std::vector<const ggml_tensor*> multiplied_tensors(const llama_model* model) {
  const auto& all = llama_internal_get_tensor_map(model);
  bool has_output = false;
  for (const auto& [name, tensor] : all) has_output = has_output || name == "output.weight";
  std::vector<const ggml_tensor*> found;
  for (const auto& [name, tensor] : all) {
    const std::string_view whole = name;
    if (!whole.ends_with(".weight") || whole.find("norm") != std::string_view::npos) continue;
    const bool is_table = whole.starts_with("token_embd") || whole.starts_with("per_layer_token_embd") ||
                          whole.starts_with("position_embd") || whole.starts_with("token_types");
    if (is_table && (whole != "token_embd.weight" || has_output)) continue;
    if (tensor->buffer == nullptr || !ggml_backend_buffer_is_host(tensor->buffer)) continue;
    found.push_back(tensor);
  }
  return found;
}

}  // namespace zubr::engine
