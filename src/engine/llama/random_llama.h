// For tests: a Llama with random weights of a real model's proportions, wide enough for the kernels of large models.
#pragma once

#include <ggml.h>

#include <filesystem>

namespace zubr::engine {

struct RandomLlama {
  int width = 512, inner = 1408, layers = 2, heads = 8, kv_heads = 2, context_tokens = 512;
  ggml_type type = GGML_TYPE_Q8_0;  // of the matrices
};

// Writes a GGUF with the vocabulary of another GGUF; false when that cannot be read or the file cannot be written. The
// same options give the same weights.
bool write_random_llama(const std::filesystem::path& vocabulary, const std::filesystem::path& file,
                        const RandomLlama& options);

}  // namespace zubr::engine
