// The deleters of llama.cpp's C handles, in one place.
//
// Includes llama.h: only for .cc files of engine (and headers under engine/ that no other module includes).
#pragma once

#include <llama.h>

#include <memory>

namespace zubr::engine {

struct LlamaDeleter {
  void operator()(llama_model* model) const { llama_model_free(model); }
  void operator()(llama_context* context) const { llama_free(context); }
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
  void operator()(gguf_context* header) const { gguf_free(header); }
};

using ModelHandle = std::unique_ptr<llama_model, LlamaDeleter>;
using ContextHandle = std::unique_ptr<llama_context, LlamaDeleter>;
using SamplerHandle = std::unique_ptr<llama_sampler, LlamaDeleter>;
using GgufHandle = std::unique_ptr<gguf_context, LlamaDeleter>;

}  // namespace zubr::engine
