// Low-rank adapters on a decoder (https://arxiv.org/abs/2106.09685). Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "train/torch/adamw.h"
#include "train/torch/llama.h"
#include "train/tune/adapter.h"

namespace zubr::train {

// Puts an adapter on every target of every layer: A from a uniform distribution of variance 1 / (3 inputs), B zero, so
// that the model says at first what it said before. Draws from torch's global generator. Returns A and B of each, in
// the order of Llama::projections(). kUnsupported when no target is there (all feed-forward targets of a model of
// experts).
Result<std::vector<torch::Tensor>> add_adapters(Llama& model, const LoraOptions& options);

Adapter adapter_of(Llama& model, const LoraOptions& options);

// How far a run is.
struct TuneState {
  std::int64_t step = 0, tokens = 0;
  double best_loss = 0;
  std::int64_t best_step = -1;  // none yet
  std::int64_t worse = 0;       // evaluations since the best one
};

Result<void> save_tune(const std::filesystem::path& file, const std::vector<torch::Tensor>& tensors, AdamW* adam,
                       const TuneState& state);
// kCorrupt when it is of another run. Without `adam` only the tensors are read.
Result<TuneState> load_tune(const std::filesystem::path& file, std::vector<torch::Tensor>& tensors, AdamW* adam);

}  // namespace zubr::train
