#include "engine/llama/random_bert.h"

#include <ggml.h>

#include <random>
#include <string>
#include <vector>

#include "engine/llama/handles.h"

namespace zubr::engine {
namespace {

constexpr int kWidth = 32;
constexpr int kInner = 64;
constexpr int kLayers = 2;

class Writer {
 public:
  Writer() : context_(ggml_init({.mem_size = 16u << 20, .mem_buffer = nullptr, .no_alloc = false})) {}
  ~Writer() { ggml_free(context_); }

  // Weights around `centre`; rows == 0: a vector.
  void add(gguf_context* file, const std::string& name, int columns, int rows, float centre = 0) {
    ggml_tensor* tensor = rows > 0 ? ggml_new_tensor_2d(context_, GGML_TYPE_F32, columns, rows)
                                   : ggml_new_tensor_1d(context_, GGML_TYPE_F32, columns);
    ggml_set_name(tensor, name.c_str());
    auto* values = static_cast<float*>(tensor->data);
    for (std::int64_t i = 0; i < ggml_nelements(tensor); ++i)
      values[i] = centre + 0.3f * (static_cast<float>(random_() % 2001) / 1000.0f - 1.0f);
    gguf_add_tensor(file, tensor);
  }
  void add_norm(gguf_context* file, const std::string& name) {
    add(file, name + ".weight", kWidth, 0, 1);
    add(file, name + ".bias", kWidth, 0);
  }

 private:
  ggml_context* context_;
  std::mt19937 random_{42};
};

}  // namespace

bool write_random_bert(const std::filesystem::path& vocabulary, const std::filesystem::path& path, RandomBert options) {
  const GgufHandle file(gguf_init_from_file(vocabulary.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!file) return false;
  const auto words = gguf_find_key(file.get(), "tokenizer.ggml.tokens");
  if (words < 0) return false;
  const int size = static_cast<int>(gguf_get_arr_n(file.get(), words));
  const auto set = [&file](const char* key, int value) {
    gguf_set_val_u32(file.get(), key, static_cast<std::uint32_t>(value));
  };
  set("bert.block_count", kLayers);
  set("bert.context_length", options.context_tokens);
  set("bert.embedding_length", kWidth);
  set("bert.feed_forward_length", kInner);
  set("bert.attention.head_count", 4);
  set("bert.pooling_type", options.pooling_type);

  Writer writer;
  writer.add(file.get(), "token_embd.weight", kWidth, size);
  writer.add(file.get(), "token_types.weight", kWidth, 2);
  writer.add(file.get(), "position_embd.weight", kWidth, options.context_tokens);
  writer.add_norm(file.get(), "token_embd_norm");
  for (int layer = 0; layer < kLayers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    for (const char* part : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
      writer.add(file.get(), block + part + ".weight", kWidth, kWidth);
      writer.add(file.get(), block + part + ".bias", kWidth, 0);
    }
    writer.add_norm(file.get(), block + "attn_output_norm");
    writer.add(file.get(), block + "ffn_up.weight", kWidth, kInner);
    writer.add(file.get(), block + "ffn_up.bias", kInner, 0);
    writer.add(file.get(), block + "ffn_down.weight", kInner, kWidth);
    writer.add(file.get(), block + "ffn_down.bias", kWidth, 0);
    writer.add_norm(file.get(), block + "layer_output_norm");
  }
  return gguf_write_to_file(file.get(), path.c_str(), /*only_meta=*/false);
}

}  // namespace zubr::engine
