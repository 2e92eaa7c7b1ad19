// The weights of a Llama to and from GGUF. Includes torch: only for train/torch/ and its tests.
#pragma once

#include <filesystem>

#include "formats/gguf_reader.h"
#include "train/torch/llama.h"

namespace zubr::train {

// Fills `model`, whose shape must be the file's. kCorrupt for missing tensors or other dimensions, kUnsupported for
// tensor types that have no numbers in them. Any type that ggml can turn into numbers is read.
Result<void> load_weights(const formats::GgufReader& file, Llama& model);

// A model that llama.cpp runs: facts, vocabulary, weights. Matrices in `type`, norms in F32.
Result<void> save_model(const std::filesystem::path& file, const Llama& model, const Vocabulary& vocabulary,
                        formats::GgufType type, const std::string& name);

// A copy of the file `source` with the weights of `model` in it, in the types that they have there or in `type`
// (tune/adapter.h).
Result<void> save_over(const std::filesystem::path& source, const Llama& model, const std::string& type,
                       const std::string& name, const std::filesystem::path& file);

}  // namespace zubr::train
