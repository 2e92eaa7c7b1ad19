// The sizes of a Llama-shape decoder: what a GGUF header of architecture "llama" says about it.
#pragma once

#include <cstdint>

#include "core/result.h"
#include "formats/gguf_reader.h"
#include "formats/gguf_writer.h"

namespace zubr::train {

struct LlamaShape {
  std::int64_t vocabulary = 0;
  std::int64_t width = 0;  // embedding length
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  // heads % kv_heads == 0
  std::int64_t head_width = 0;
  std::int64_t feed_forward = 0;
  std::int64_t context = 0;
  float rope_base = 10000.0F;
  float norm_epsilon = 1e-5F;
  bool tied = true;  // the output matrix is the embedding matrix

  bool operator==(const LlamaShape&) const = default;
};

// kInvalidArgument for sizes that no such model can have.
Result<void> check_shape(const LlamaShape& shape);

// kUnsupported for another architecture or a feature that the torch model has not (RoPE scaling, biases, experts).
Result<LlamaShape> read_shape(const formats::GgufReader& file);

// general.architecture and the llama.* facts.
void write_shape(const LlamaShape& shape, formats::GgufWriter& file);

// Weights, the tied matrix once.
std::int64_t parameter_count(const LlamaShape& shape);

}  // namespace zubr::train
