#include "engine/llama/random_adapter.h"

#include <ggml.h>

#include <random>
#include <string>

#include "engine/llama/handles.h"

namespace zubr::engine {

bool write_random_adapter(const std::filesystem::path& path, int layers, int width, float strength, unsigned seed) {
  const GgufHandle file(gguf_init_empty());
  gguf_set_val_str(file.get(), "general.type", "adapter");
  gguf_set_val_str(file.get(), "general.architecture", "llama");
  gguf_set_val_str(file.get(), "adapter.type", "lora");
  gguf_set_val_f32(file.get(), "adapter.lora.alpha", 4);
  ggml_context* context = ggml_init({.mem_size = 16u << 20, .mem_buffer = nullptr, .no_alloc = false});
  std::mt19937 random(seed);
  const auto add = [&](const std::string& name, int columns, int rows) {
    ggml_tensor* tensor = ggml_new_tensor_2d(context, GGML_TYPE_F32, columns, rows);
    ggml_set_name(tensor, name.c_str());
    auto* values = static_cast<float*>(tensor->data);
    for (std::int64_t i = 0; i < ggml_nelements(tensor); ++i)
      values[i] = strength * (static_cast<float>(random() % 2001) / 1000.0f - 1.0f);
    gguf_add_tensor(file.get(), tensor);
  };
  constexpr int kRank = 4;
  for (int layer = 0; layer < layers; ++layer) {
    const std::string tensor = "blk." + std::to_string(layer) + ".attn_q.weight";
    add(tensor + ".lora_a", width, kRank);
    add(tensor + ".lora_b", kRank, width);
  }
  const bool written = gguf_write_to_file(file.get(), path.c_str(), /*only_meta=*/false);
  ggml_free(context);
  return written;
}

}  // namespace zubr::engine
