// The sizes and options of a decoder of the Llama family: what a GGUF header says about it.
//
// Architectures, as llama.cpp names them: llama (Llama 1 to 3.x, Mistral, Mixtral, Bielik, PLLuM), qwen2, qwen3,
// qwen3moe, gemma2, gemma3.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

  std::string architecture = "llama";

  // Rotary positions. Angles are multiplied with rope_scale (1 / factor of linear scaling) and divided by the factor of
  // their pair (Llama 3.1; empty = 1).
  bool half_split = false;  // pairs are (i, i + head_width / 2) instead of (2 i, 2 i + 1)
  float rope_scale = 1;
  std::vector<float> rope_factors = {};  // head_width / 2

  bool qkv_bias = false, output_bias = false;  // on the projections of attention
  bool qk_norm = false;                        // RMSNorm of every query and key head

  // Experts; 0 = none. The feed-forward length is then one expert's. Weights are a softmax over all experts, of which
  // the best `experts_used` are renormalised.
  std::int64_t experts = 0, experts_used = 0;

  // Layers with layer % window_pattern < window_pattern - 1 see `window` positions back at most; 0 = all see all.
  std::int64_t window = 0, window_pattern = 1;
  float rope_base_window = 10000.0F;  // of those layers; they are not scaled by rope_scale unless window_scaled
  bool window_scaled = false;

  // Gemma: embeddings times sqrt(width), GELU in the feed-forward, a norm after attention and feed-forward too, limits
  // cap * tanh(x / cap) on attention scores and logits (0 = none).
  bool gemma = false;
  float attention_cap = 0, logit_cap = 0;
  float attention_scale = 0;  // 0 = 1 / sqrt(head_width)

  bool has_window(std::int64_t layer) const { return window > 0 && layer % window_pattern < window_pattern - 1; }
  bool operator==(const LlamaShape&) const = default;
};

// kInvalidArgument for sizes that no such model can have.
Result<void> check_shape(const LlamaShape& shape);

// kUnsupported for another architecture or a feature that the torch model has not (YaRN, partly rotated heads, heads of
// different kinds); kCorrupt for numbers that cannot be.
Result<LlamaShape> read_shape(const formats::GgufReader& file);

// general.architecture and the facts of that architecture. RoPE factors are a tensor; weights.h writes it.
void write_shape(const LlamaShape& shape, formats::GgufWriter& file);
inline constexpr const char* kRopeFactors = "rope_freqs.weight";

// Weights, the tied matrix once.
std::int64_t parameter_count(const LlamaShape& shape);

}  // namespace zubr::train
