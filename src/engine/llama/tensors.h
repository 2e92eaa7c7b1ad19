// The tensors of a loaded model that activations are multiplied with.
//
// Includes no llama.h; llama.cpp gives the list only to its own programs, so this may need a change with another
// version.
#pragma once

#include <vector>

struct ggml_tensor;
struct llama_model;

namespace zubr::engine {

// Weights in host memory, as the file has them. The embedding table is among them where it is the output matrix too.
std::vector<const ggml_tensor*> multiplied_tensors(const llama_model* model);

}  // namespace zubr::engine
