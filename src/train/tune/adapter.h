// A low-rank adapter as numbers, and as files: GGUF for llama.cpp (`zubr run`, llama-server --lora), PEFT safetensors
// for Python, or merged into a copy of its base.
//
// Formats: llama.cpp's convert_lora_to_gguf.py and llama-adapter.cpp; https://github.com/huggingface/safetensors;
// https://github.com/huggingface/peft. Plain values; threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/llama/gguf_rewrite.h"
#include "train/shape.h"
#include "train/tune/tune_plan.h"

namespace zubr::train {

struct AdapterMatrix {
  std::string name;  // of the base's tensor: "blk.0.attn_q.weight"
  std::int64_t inputs = 0, outputs = 0, rank = 0;
  std::vector<float> a;  // [rank, inputs] by rows
  std::vector<float> b;  // [outputs, rank] by rows
};

struct Adapter {
  LlamaShape shape;  // of the base
  LoraOptions options;
  std::vector<AdapterMatrix> matrices;
};

// rsLoRA becomes the alpha that gives the same scale, which is all that the file can say.
Result<void> write_adapter_gguf(const Adapter& adapter, const std::string& name, const std::filesystem::path& file);

// adapter_model.safetensors and adapter_config.json in `folder`. Query and key rows are put back into the order that
// Hugging Face's Llama has them in.
Result<void> write_adapter_peft(const Adapter& adapter, const std::string& base, const std::filesystem::path& folder);

// The base with scale * B A added; matrices in `type` ("q8_0" …; empty = as they are, but F32 where the base's type
// cannot be written).
Result<void> merge_adapter(const Adapter& adapter, const std::filesystem::path& base, const std::string& type,
                           const std::string& name, const std::filesystem::path& file);

// A rewrite that gives matrices that type and the file that name, and changes nothing else yet.
engine::GgufRewrite rewrite_as(const std::string& type, const std::string& name);

}  // namespace zubr::train
