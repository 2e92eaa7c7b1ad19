#include "engine/llama/random_llama.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "engine/llama/handles.h"

namespace zubr::engine {
namespace {

class Writer {
 public:
  Writer(gguf_context* file, ggml_type type)
      : file_(file),
        type_(type),
        context_(ggml_init({.mem_size = std::size_t{256} << 20, .mem_buffer = nullptr, .no_alloc = false})) {}
  ~Writer() { ggml_free(context_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Of the size that keeps activations at one.
  void add_matrix(const std::string& name, std::int64_t inner, std::int64_t columns) {
    std::normal_distribution<float> normal(0, 1 / std::sqrt(static_cast<float>(inner)));
    std::vector<float> values(static_cast<std::size_t>(inner * columns));
    for (float& value : values) value = normal(random_);
    ggml_tensor* tensor = ggml_new_tensor_2d(context_, type_, inner, columns);
    ggml_quantize_chunk(type_, values.data(), tensor->data, 0, columns, inner, nullptr);
    finish(tensor, name);
  }
  void add_ones(const std::string& name, std::int64_t size) {
    ggml_tensor* tensor = ggml_new_tensor_1d(context_, GGML_TYPE_F32, size);
    for (std::int64_t i = 0; i < size; ++i) static_cast<float*>(tensor->data)[i] = 1;
    finish(tensor, name);
  }

 private:
  void finish(ggml_tensor* tensor, const std::string& name) {
    ggml_set_name(tensor, (name + ".weight").c_str());
    gguf_add_tensor(file_, tensor);
  }
  gguf_context* file_;
  ggml_type type_;
  ggml_context* context_;
  std::mt19937 random_{42};
};

}  // namespace

bool write_random_llama(const std::filesystem::path& vocabulary, const std::filesystem::path& path,
                        const RandomLlama& options) {
  const GgufHandle file(gguf_init_empty());
  const GgufHandle words(gguf_init_from_file(vocabulary.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!words || gguf_find_key(words.get(), "tokenizer.ggml.tokens") < 0) return false;
  gguf_set_kv(file.get(), words.get());
  gguf_set_val_str(file.get(), "general.architecture", "llama");
  const auto set = [&file](const char* key, int value) {
    gguf_set_val_u32(file.get(), key, static_cast<std::uint32_t>(value));
  };
  set("llama.block_count", options.layers);
  set("llama.context_length", options.context_tokens);
  set("llama.embedding_length", options.width);
  set("llama.feed_forward_length", options.inner);
  set("llama.attention.head_count", options.heads);
  set("llama.attention.head_count_kv", options.kv_heads);
  set("llama.rope.dimension_count", options.width / options.heads);
  gguf_set_val_f32(file.get(), "llama.attention.layer_norm_rms_epsilon", 1e-5F);

  const auto tokens =
      static_cast<std::int64_t>(gguf_get_arr_n(words.get(), gguf_find_key(words.get(), "tokenizer.ggml.tokens")));
  const std::int64_t kv_width = options.width / options.heads * options.kv_heads;
  Writer writer(file.get(), options.type);
  writer.add_matrix("token_embd", options.width, tokens);
  writer.add_matrix("output", options.width, tokens);
  writer.add_ones("output_norm", options.width);
  for (int layer = 0; layer < options.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    writer.add_ones(block + "attn_norm", options.width);
    writer.add_matrix(block + "attn_q", options.width, options.width);
    writer.add_matrix(block + "attn_k", options.width, kv_width);
    writer.add_matrix(block + "attn_v", options.width, kv_width);
    writer.add_matrix(block + "attn_output", options.width, options.width);
    writer.add_ones(block + "ffn_norm", options.width);
    writer.add_matrix(block + "ffn_gate", options.width, options.inner);
    writer.add_matrix(block + "ffn_up", options.width, options.inner);
    writer.add_matrix(block + "ffn_down", options.inner, options.width);
  }
  return gguf_write_to_file(file.get(), path.c_str(), /*only_meta=*/false);
}

}  // namespace zubr::engine
