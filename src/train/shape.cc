#include "train/shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "train/quantize.h"

namespace zubr::train {
namespace {

struct Architecture {
  const char* name;
  bool half_split;
  bool gemma;
};
constexpr std::array kArchitectures = {Architecture{"llama", false, false}, Architecture{"qwen2", true, false},
                                       Architecture{"qwen3", true, false},  Architecture{"qwen3moe", true, false},
                                       Architecture{"gemma2", true, true},  Architecture{"gemma3", true, true}};

Result<const Architecture*> find_architecture(const formats::GgufReader& file) {
  const auto* name = file.find<std::string>("general.architecture");
  for (const Architecture& known : kArchitectures)
    if (name && *name == known.name) return &known;
  return fail(ErrorCode::kUnsupported,
              "'{}' has architecture '{}'; llama, qwen2, qwen3, qwen3moe, gemma2 and gemma3 can be trained",
              file.path().string(), name ? *name : "");
}

// The facts of a file under its architecture's name.
class Facts {
 public:
  Facts(const formats::GgufReader& file, std::string architecture) : file_(file), prefix_(std::move(architecture)) {}

  Result<std::int64_t> size(const std::string& key, std::int64_t high) const {
    return file_.integer(name(key), 1, high);
  }
  Result<std::int64_t> size(const std::string& key, std::int64_t high, std::int64_t fallback) const {
    return has(key) ? file_.integer(name(key), 0, high) : fallback;
  }
  bool has(const std::string& key) const { return file_.facts().contains(name(key)); }
  float number(const std::string& key, float fallback) const {
    const auto* value = file_.find<double>(name(key));
    return value ? static_cast<float>(*value) : fallback;
  }
  std::string text(const std::string& key) const {
    const auto* value = file_.find<std::string>(name(key));
    return value ? *value : std::string();
  }

 private:
  std::string name(const std::string& key) const { return prefix_ + "." + key; }
  const formats::GgufReader& file_;
  std::string prefix_;
};

Result<void> read_sizes(const formats::GgufReader& file, const Facts& facts, LlamaShape& shape) {
  const auto* tokens = file.find<std::vector<std::string>>("tokenizer.ggml.tokens");
  const auto embedding = file.tensors().find("token_embd.weight");
  if (embedding == file.tensors().end() || embedding->second.dims.size() != 2)
    return fail(ErrorCode::kCorrupt, "'{}' has no token_embd.weight", file.path().string());
  shape.vocabulary =
      tokens ? static_cast<std::int64_t>(tokens->size()) : static_cast<std::int64_t>(embedding->second.dims[1]);
  ZUBR_TRY(experts, facts.size("expert_count", 1024, 0));
  ZUBR_TRY(experts_used, facts.size("expert_used_count", 1024, 0));
  ZUBR_TRY(width, facts.size("embedding_length", 1 << 16));
  ZUBR_TRY(layers, facts.size("block_count", 1024));
  ZUBR_TRY(heads, facts.size("attention.head_count", 1024));
  ZUBR_TRY(kv_heads, facts.size("attention.head_count_kv", 1024, heads));
  ZUBR_TRY(head_width, facts.size("attention.key_length", 1024, width / heads));
  ZUBR_TRY(value_width, facts.size("attention.value_length", 1024, head_width));
  ZUBR_TRY(rotated, facts.size("rope.dimension_count", 1024, head_width));
  const bool own_length = experts > 0 && facts.has("expert_feed_forward_length");
  ZUBR_TRY(feed_forward, facts.size(own_length ? "expert_feed_forward_length" : "feed_forward_length", 1 << 18));
  ZUBR_TRY(context, facts.size("context_length", 1 << 24));
  if (value_width != head_width || rotated != head_width)
    return fail(ErrorCode::kUnsupported,
                "'{}' has heads of key width {}, value width {} of which {} are rotated; they must be the same",
                file.path().string(), head_width, value_width, rotated);
  shape.experts = experts;
  shape.experts_used = experts_used;
  shape.width = width;
  shape.layers = layers;
  shape.heads = heads;
  shape.kv_heads = kv_heads;
  shape.head_width = head_width;
  shape.feed_forward = feed_forward;
  shape.context = context;
  shape.norm_epsilon = facts.number("attention.layer_norm_rms_epsilon", shape.norm_epsilon);
  return {};
}

Result<void> read_rope(const formats::GgufReader& file, const Facts& facts, LlamaShape& shape) {
  shape.rope_base = facts.number("rope.freq_base", shape.rope_base);
  const std::string scaling = facts.text("rope.scaling.type");
  const float factor = facts.number("rope.scaling.factor", facts.number("rope.scale_linear", 0));
  if (scaling != "" && scaling != "none" && scaling != "linear")
    return fail(ErrorCode::kUnsupported, "'{}' has RoPE scaling '{}'; none, linear and Llama 3.1's can be trained",
                file.path().string(), scaling);
  if (scaling != "none" && factor != 0) shape.rope_scale = 1 / factor;
  const auto factors = file.tensors().find(kRopeFactors);
  if (factors == file.tensors().end()) return {};
  shape.rope_factors.resize(static_cast<std::size_t>(shape.head_width / 2));
  const auto bytes = encoded_bytes(factors->second.type, shape.rope_factors.size());
  ZUBR_TRY(content, file.read_tensor(kRopeFactors, bytes));
  if (factors->second.dims.size() != 1 || factors->second.dims[0] != shape.rope_factors.size() ||
      !decode_tensor(content, factors->second.type, shape.rope_factors))
    return fail(ErrorCode::kCorrupt, "'{}' of '{}' has not {} numbers", kRopeFactors, file.path().string(),
                shape.rope_factors.size());
  return {};
}

// llama.cpp computes 27B models with another scale.
float gemma_scale(const LlamaShape& shape) {
  const bool largest = shape.layers == (shape.architecture == "gemma2" ? 46 : 62);
  const std::int64_t width = largest ? shape.width / shape.heads : shape.head_width;
  return 1.0F / std::sqrt(static_cast<float>(width));
}

Result<void> read_gemma(const Facts& facts, LlamaShape& shape) {
  const bool second = shape.architecture == "gemma2";
  shape.gemma = true;
  shape.attention_scale = gemma_scale(shape);
  ZUBR_TRY(window, facts.size("attention.sliding_window", 1 << 24, second ? 4096 : 0));
  ZUBR_TRY(pattern, facts.size("attention.sliding_window_pattern", 1024, second ? 2 : 6));
  shape.window = window;
  shape.window_pattern = std::max<std::int64_t>(1, pattern);
  shape.window_scaled = second;
  shape.rope_base_window = facts.number("rope.freq_base_swa", second ? shape.rope_base : 10000.0F);
  shape.attention_cap = second ? facts.number("attn_logit_softcapping", 50.0F) : 0;
  shape.logit_cap = facts.number("final_logit_softcapping", second ? 30.0F : 0.0F);
  return {};
}

}  // namespace

Result<void> check_shape(const LlamaShape& s) {
  const auto possible = [](std::int64_t value, std::int64_t high) { return value >= 1 && value <= high; };
  if (!possible(s.vocabulary, 1 << 20) || !possible(s.width, 1 << 16) || !possible(s.layers, 1024) ||
      !possible(s.heads, 1024) || !possible(s.kv_heads, s.heads) || !possible(s.head_width, 1024) ||
      !possible(s.feed_forward, 1 << 18) || !possible(s.context, 1 << 24) || s.experts_used > s.experts ||
      (s.experts > 0 && s.experts_used < 1))
    return fail(ErrorCode::kInvalidArgument,
                "no model has vocabulary {}, width {}, {} layers, {} heads of {}, {} key heads, feed-forward {}, "
                "context {}, {} of {} experts",
                s.vocabulary, s.width, s.layers, s.heads, s.head_width, s.kv_heads, s.feed_forward, s.context,
                s.experts_used, s.experts);
  if (s.heads % s.kv_heads != 0)
    return fail(ErrorCode::kInvalidArgument, "{} heads cannot share {} key heads evenly", s.heads, s.kv_heads);
  if (s.head_width % 2 != 0)
    return fail(ErrorCode::kInvalidArgument, "a head is rotated in pairs, so its width cannot be {}", s.head_width);
  return {};
}

Result<LlamaShape> read_shape(const formats::GgufReader& file) {
  ZUBR_TRY(architecture, find_architecture(file));
  LlamaShape shape;
  shape.architecture = architecture->name;
  shape.half_split = architecture->half_split;
  const Facts facts(file, shape.architecture);
  ZUBR_CHECK(read_sizes(file, facts, shape));
  ZUBR_CHECK(check_shape(shape));
  ZUBR_CHECK(read_rope(file, facts, shape));
  if (architecture->gemma) ZUBR_CHECK(read_gemma(facts, shape));
  shape.qkv_bias = file.tensors().contains("blk.0.attn_q.bias");
  shape.output_bias = file.tensors().contains("blk.0.attn_output.bias");
  shape.qk_norm = file.tensors().contains("blk.0.attn_q_norm.weight");
  shape.tied = !file.tensors().contains("output.weight");
  for (const char* other : {"blk.0.attn_qkv.weight", "blk.0.ffn_up.bias", "blk.0.ffn_up_shexp.weight", "output.bias"})
    if (file.tensors().contains(other))
      return fail(ErrorCode::kUnsupported, "'{}' has a tensor '{}', which cannot be trained", file.path().string(),
                  other);
  return shape;
}

void write_shape(const LlamaShape& shape, formats::GgufWriter& file) {
  const std::string prefix = shape.architecture + ".";
  const auto add = [&](const char* key, std::int64_t value) {
    file.add(prefix + key, static_cast<std::uint32_t>(value));
  };
  file.add("general.architecture", shape.architecture);
  add("vocab_size", shape.vocabulary);
  add("context_length", shape.context);
  add("embedding_length", shape.width);
  add("block_count", shape.layers);
  add("feed_forward_length", shape.feed_forward);
  add("attention.head_count", shape.heads);
  add("attention.head_count_kv", shape.kv_heads);
  add("attention.key_length", shape.head_width);
  add("attention.value_length", shape.head_width);
  file.add(prefix + "attention.layer_norm_rms_epsilon", shape.norm_epsilon);
  file.add(prefix + "rope.freq_base", shape.rope_base);
  add("rope.dimension_count", shape.head_width);
  if (shape.rope_scale != 1) {
    file.add(prefix + "rope.scaling.type", "linear");
    file.add(prefix + "rope.scaling.factor", 1 / shape.rope_scale);
  }
  if (shape.experts > 0) {
    add("expert_count", shape.experts);
    add("expert_used_count", shape.experts_used);
    if (shape.architecture == "qwen3moe") add("expert_feed_forward_length", shape.feed_forward);
  }
  if (shape.window > 0) {
    add("attention.sliding_window", shape.window);
    add("attention.sliding_window_pattern", shape.window_pattern);
    file.add(prefix + "rope.freq_base_swa", shape.rope_base_window);
  }
  if (shape.architecture == "gemma2") {
    file.add(prefix + "attn_logit_softcapping", shape.attention_cap);
    file.add(prefix + "final_logit_softcapping", shape.logit_cap);
  }
}

std::int64_t parameter_count(const LlamaShape& s) {
  const std::int64_t query = s.heads * s.head_width, key = s.kv_heads * s.head_width;
  const std::int64_t attention = s.width * (2 * query + 2 * key) + (s.qkv_bias ? query + 2 * key : 0) +
                                 (s.output_bias ? s.width : 0) + (s.qk_norm ? 2 * s.head_width : 0);
  const std::int64_t experts = std::max<std::int64_t>(1, s.experts);
  const std::int64_t feed = 3 * experts * s.width * s.feed_forward + s.experts * s.width;
  const std::int64_t block = attention + feed + (s.gemma ? 4 : 2) * s.width;
  return s.vocabulary * s.width * (s.tied ? 1 : 2) + s.layers * block + s.width;
}

}  // namespace zubr::train
