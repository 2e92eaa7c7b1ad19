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

}  // namespace zubr::train
