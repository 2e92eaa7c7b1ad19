// A run's state in one file: weights, the optimizer's moments, how far the run and its reader are. Replaced whole, so a
// kill at any moment leaves the last one. torch's exceptions pass through. Includes torch: only for train/torch/.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/result.h"
#include "train/corpus.h"
#include "train/torch/adamw.h"
#include "train/torch/llama.h"

namespace zubr::train {

struct RunState {
  std::int64_t step = 0, tokens = 0, skipped = 0;
  CorpusPosition position;
};

Result<void> save_checkpoint(const std::filesystem::path& file, const Llama& model, AdamW& adam, const RunState& state);

LlamaShape checkpoint_shape(const std::filesystem::path& file);

// kCorrupt when the checkpoint is of another shape. Without `adam` only the weights are read.
Result<RunState> load_checkpoint(const std::filesystem::path& file, const Llama& model, AdamW* adam);

}  // namespace zubr::train
