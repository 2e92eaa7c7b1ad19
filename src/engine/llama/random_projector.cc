#include "engine/llama/random_projector.h"

#include <ggml.h>

#include <random>
#include <string>
#include <vector>

#include "engine/llama/handles.h"

namespace zubr::engine {
namespace {

constexpr int kSide = 32, kPatch = 8, kWidth = 16, kInner = 32, kLayers = 2;
constexpr int kPatches = (kSide / kPatch) * (kSide / kPatch);
static_assert(kPatches == kRandomProjectorTokens);

class Writer {
 public:
  explicit Writer(gguf_context* file)
      : file_(file), context_(ggml_init({.mem_size = 16u << 20, .mem_buffer = nullptr, .no_alloc = false})) {}
  ~Writer() { ggml_free(context_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void add(const std::string& name, const std::vector<std::int64_t>& shape, float centre = 0) {
    ggml_tensor* tensor = ggml_new_tensor(context_, GGML_TYPE_F32, static_cast<int>(shape.size()), shape.data());
    ggml_set_name(tensor, name.c_str());
    auto* values = static_cast<float*>(tensor->data);
    for (std::int64_t i = 0; i < ggml_nelements(tensor); ++i)
      values[i] = centre + 0.5f * (static_cast<float>(random_() % 2001) / 1000.0f - 1.0f);
    gguf_add_tensor(file_, tensor);
  }
  void add_linear(const std::string& name, std::int64_t in, std::int64_t out) {
    add(name + ".weight", {in, out});
    add(name + ".bias", {out});
  }
  void add_norm(const std::string& name) {
    add(name + ".weight", {kWidth}, 1);
    add(name + ".bias", {kWidth});
  }

 private:
  gguf_context* file_;
  ggml_context* context_;
  std::mt19937 random_{42};
};

}  // namespace

bool write_random_projector(const std::filesystem::path& path, int width) {
  const GgufHandle file(gguf_init_empty());
  const auto set = [&file](const char* key, int value) {
    gguf_set_val_u32(file.get(), key, static_cast<std::uint32_t>(value));
  };
  gguf_set_val_str(file.get(), "general.architecture", "clip");
  set("general.file_type", 0);
  gguf_set_val_bool(file.get(), "clip.has_vision_encoder", true);
  gguf_set_val_str(file.get(), "clip.projector_type", "mlp");
  gguf_set_val_bool(file.get(), "clip.use_gelu", true);
  set("clip.vision.image_size", kSide);
  set("clip.vision.patch_size", kPatch);
  set("clip.vision.embedding_length", kWidth);
  set("clip.vision.feed_forward_length", kInner);
  set("clip.vision.projection_dim", width);
  set("clip.vision.block_count", kLayers);
  set("clip.vision.attention.head_count", 2);
  gguf_set_val_f32(file.get(), "clip.vision.attention.layer_norm_epsilon", 1e-5f);
  const float half[] = {0.5f, 0.5f, 0.5f};
  gguf_set_arr_data(file.get(), "clip.vision.image_mean", GGUF_TYPE_FLOAT32, half, 3);
  gguf_set_arr_data(file.get(), "clip.vision.image_std", GGUF_TYPE_FLOAT32, half, 3);

  Writer writer(file.get());
  writer.add("v.patch_embd.weight", {kPatch, kPatch, 3, kWidth});
  writer.add("v.class_embd", {kWidth});
  writer.add("v.position_embd.weight", {kWidth, kPatches + 1});
  writer.add_norm("v.pre_ln");
  for (int layer = 0; layer < kLayers; ++layer) {
    const std::string block = "v.blk." + std::to_string(layer) + ".";
    for (const char* part : {"attn_q", "attn_k", "attn_v", "attn_out"}) writer.add_linear(block + part, kWidth, kWidth);
    writer.add_norm(block + "ln1");
    writer.add_norm(block + "ln2");
    writer.add_linear(block + "ffn_up", kWidth, kInner);
    writer.add_linear(block + "ffn_down", kInner, kWidth);
  }
  writer.add_linear("mm.0", kWidth, width);
  writer.add_linear("mm.2", width, width);
  return gguf_write_to_file(file.get(), path.c_str(), /*only_meta=*/false);
}

bool write_random_ear(const std::filesystem::path& path, int width) {
  constexpr int kMelBins = 80, kFrames = 3000, kStack = 50;
  static_assert(kFrames / 2 / kStack == kRandomEarTokens);
  const GgufHandle file(gguf_init_empty());
  const auto set = [&file](const char* key, int value) {
    gguf_set_val_u32(file.get(), key, static_cast<std::uint32_t>(value));
  };
  gguf_set_val_str(file.get(), "general.architecture", "clip");
  set("general.file_type", 0);
  gguf_set_val_bool(file.get(), "clip.has_audio_encoder", true);
  gguf_set_val_str(file.get(), "clip.projector_type", "ultravox");
  set("clip.audio.num_mel_bins", kMelBins);
  set("clip.audio.projector.stack_factor", kStack);
  set("clip.audio.embedding_length", kWidth);
  set("clip.audio.feed_forward_length", kInner);
  set("clip.audio.projection_dim", width);
  set("clip.audio.block_count", kLayers);
  set("clip.audio.attention.head_count", 2);
  gguf_set_val_f32(file.get(), "clip.audio.attention.layer_norm_epsilon", 1e-5f);

  Writer writer(file.get());
  writer.add("a.conv1d.1.weight", {3, kMelBins, kWidth});
  writer.add("a.conv1d.1.bias", {1, kWidth});
  writer.add("a.conv1d.2.weight", {3, kWidth, kWidth});
  writer.add("a.conv1d.2.bias", {1, kWidth});
  writer.add("a.position_embd.weight", {kWidth, kFrames / 2});
  for (int layer = 0; layer < kLayers; ++layer) {
    const std::string block = "a.blk." + std::to_string(layer) + ".";
    for (const char* part : {"attn_q", "attn_v", "attn_out"}) writer.add_linear(block + part, kWidth, kWidth);
    writer.add(block + "attn_k.weight", {kWidth, kWidth});
    writer.add_norm(block + "ln1");
    writer.add_norm(block + "ln2");
    writer.add_linear(block + "ffn_up", kWidth, kInner);
    writer.add_linear(block + "ffn_down", kInner, kWidth);
  }
  writer.add_norm("a.post_ln");
  writer.add("mm.a.norm_pre.weight", {kWidth * kStack}, 1);
  writer.add("mm.a.mlp.1.weight", {kWidth * kStack, 2 * kInner});
  writer.add("mm.a.norm_mid.weight", {kInner}, 1);
  writer.add("mm.a.mlp.2.weight", {kInner, width});
  return gguf_write_to_file(file.get(), path.c_str(), /*only_meta=*/false);
}

}  // namespace zubr::engine
