#include "train/shape.h"

#include <algorithm>
#include <string>

namespace zubr::train {

Result<void> check_shape(const LlamaShape& s) {
  const auto possible = [](std::int64_t value, std::int64_t high) { return value >= 1 && value <= high; };
  if (!possible(s.vocabulary, 1 << 20) || !possible(s.width, 1 << 16) || !possible(s.layers, 1024) ||
      !possible(s.heads, 1024) || !possible(s.kv_heads, s.heads) || !possible(s.head_width, 1024) ||
      !possible(s.feed_forward, 1 << 18) || !possible(s.context, 1 << 20))
    return fail(
        ErrorCode::kInvalidArgument,
        "no model has vocabulary {}, width {}, {} layers, {} heads of {}, {} key heads, feed-forward {}, context {}",
        s.vocabulary, s.width, s.layers, s.heads, s.head_width, s.kv_heads, s.feed_forward, s.context);
  if (s.heads % s.kv_heads != 0)
    return fail(ErrorCode::kInvalidArgument, "{} heads cannot share {} key heads evenly", s.heads, s.kv_heads);
  if (s.head_width % 2 != 0)
    return fail(ErrorCode::kInvalidArgument, "a head is rotated in pairs, so its width cannot be {}", s.head_width);
  return {};
}

Result<LlamaShape> read_shape(const formats::GgufReader& file) {
  const auto* architecture = file.find<std::string>("general.architecture");
  if (!architecture || *architecture != "llama")
    return fail(ErrorCode::kUnsupported, "'{}' has architecture '{}'; only 'llama' can be trained",
                file.path().string(), architecture ? *architecture : "");
  const auto scaled = std::ranges::any_of(file.facts(), [](const auto& fact) {
    return fact.first == "llama.rope.scaling.type" && fact.second != formats::GgufValue(std::string("none"));
  });
  const auto extra = std::ranges::find_if(file.tensors(), [](const auto& tensor) {
    return tensor.first.ends_with(".bias") || tensor.first.find("_exps") != std::string::npos ||
                   tensor.first.starts_with("rope_freqs") || tensor.first.find("_norm.weight") == std::string::npos
               ? tensor.first.ends_with(".bias") || tensor.first.find("_exps") != std::string::npos ||
                     tensor.first.starts_with("rope_freqs")
               : tensor.first.find("attn_q_norm") != std::string::npos;
  });
  if (scaled || extra != file.tensors().end())
    return fail(ErrorCode::kUnsupported, "'{}' has {}, which cannot be trained yet", file.path().string(),
                scaled ? "scaled RoPE" : "tensor " + extra->first);

  LlamaShape shape;
  const auto* tokens = file.find<std::vector<std::string>>("tokenizer.ggml.tokens");
  const auto embedding = file.tensors().find("token_embd.weight");
  if (embedding == file.tensors().end() || embedding->second.dims.size() != 2)
    return fail(ErrorCode::kCorrupt, "'{}' has no token_embd.weight", file.path().string());
  shape.vocabulary =
      tokens ? static_cast<std::int64_t>(tokens->size()) : static_cast<std::int64_t>(embedding->second.dims[1]);
  ZUBR_TRY(width, file.integer("llama.embedding_length", 1, 1 << 16));
  ZUBR_TRY(layers, file.integer("llama.block_count", 1, 1024));
  ZUBR_TRY(heads, file.integer("llama.attention.head_count", 1, 1024));
  ZUBR_TRY(feed_forward, file.integer("llama.feed_forward_length", 1, 1 << 18));
  ZUBR_TRY(context, file.integer("llama.context_length", 1, 1 << 20));
  shape.width = width;
  shape.layers = layers;
  shape.heads = heads;
  shape.feed_forward = feed_forward;
  shape.context = context;
  const auto* kv_heads = file.find<std::int64_t>("llama.attention.head_count_kv");
  shape.kv_heads = kv_heads ? *kv_heads : heads;
  const auto* head_width = file.find<std::int64_t>("llama.attention.key_length");
  shape.head_width = head_width ? *head_width : width / heads;
  if (const auto* base = file.find<double>("llama.rope.freq_base")) shape.rope_base = static_cast<float>(*base);
  if (const auto* epsilon = file.find<double>("llama.attention.layer_norm_rms_epsilon"))
    shape.norm_epsilon = static_cast<float>(*epsilon);
  shape.tied = !file.tensors().contains("output.weight");
  ZUBR_CHECK(check_shape(shape));
  return shape;
}

void write_shape(const LlamaShape& shape, formats::GgufWriter& file) {
  const auto number = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  file.add("general.architecture", "llama");
  file.add("llama.vocab_size", number(shape.vocabulary));
  file.add("llama.context_length", number(shape.context));
  file.add("llama.embedding_length", number(shape.width));
  file.add("llama.block_count", number(shape.layers));
  file.add("llama.feed_forward_length", number(shape.feed_forward));
  file.add("llama.attention.head_count", number(shape.heads));
  file.add("llama.attention.head_count_kv", number(shape.kv_heads));
  file.add("llama.attention.key_length", number(shape.head_width));
  file.add("llama.attention.value_length", number(shape.head_width));
  file.add("llama.attention.layer_norm_rms_epsilon", shape.norm_epsilon);
  file.add("llama.rope.freq_base", shape.rope_base);
  file.add("llama.rope.dimension_count", number(shape.head_width));
}

std::int64_t parameter_count(const LlamaShape& s) {
  const std::int64_t attention = s.width * s.head_width * (2 * s.heads + 2 * s.kv_heads);
  const std::int64_t block = attention + 3 * s.width * s.feed_forward + 2 * s.width;
  return s.vocabulary * s.width * (s.tied ? 1 : 2) + s.layers * block + s.width;
}

}  // namespace zubr::train
