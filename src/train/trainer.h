// Trains a small Llama-shape model from nothing, and measures one. No torch in this header.
//
// A run is one folder-less thing: options in, a checkpoint file that is replaced whole every `checkpoint_every` steps
// and at the end, a JSONL log (one line per `log_every` steps: step, loss, learning rate, tokens, tokens per second). A
// run that is started again with the same options goes on at its checkpoint exactly as if it had never stopped (bit for
// bit on a CPU with the same number of threads).
//
// Failure: kInvalidArgument (options, data), kCorrupt (checkpoint of another shape), kInternal with the step when the
// loss is not finite (the last checkpoint stays), kOutOfMemory, kIo. On cancellation the checkpoint is written and the
// result is kCancelled. Threads: one run per process at a time; torch uses its own pool of `threads`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "formats/gguf_writer.h"
#include "train/contrast.h"
#include "train/schedule.h"
#include "train/shape.h"

namespace zubr::train {

enum class Precision { kFloat32, kBfloat16 };

struct PretrainOptions {
  std::filesystem::path vocabulary;  // a GGUF file with the vocabulary; its tensors are not read
  std::filesystem::path data;        // JSONL, see corpus.h
  std::filesystem::path checkpoint;
  std::filesystem::path log;  // empty = none
  std::filesystem::path
      associations;  // groups of texts for the embedding's starting values (torch/association.h); may be empty
  std::int64_t contrast_samples = 0;  // of the data, to sharpen the embedding with before the first step (contrast.h)
  double contrast_rate = 0.2, contrast_sharpness = 24;
  LlamaShape shape;  // .vocabulary is taken from the file
  Precision precision = Precision::kBfloat16;
  std::int64_t rows = 32, row_length = 256;  // tokens of a step = rows * row_length
  Schedule schedule;
  double weight_decay = 0.1, beta1 = 0.9, beta2 = 0.98, clip = 1.0;
  double embedding_rate = 1;  // factor on the learning rate of the embedding and output matrices
  // From 0 on: the loss is that of choosing among the tokens of the prompt, plus this share of the loss over the whole
  // vocabulary. Below 0: the latter alone.
  double full_share = -1;
  double dropout = 0;  // of merges
  float text_weight = 0.3F;
  std::uint64_t seed = 1;
  int threads = 0;  // 0 = one per core
  std::int64_t checkpoint_every = 500, log_every = 10;
  std::int64_t stop_at = 0;  // end early, at this step of the schedule; 0 = at its end
};

struct TrainProgress {
  std::int64_t step = 0, steps = 0;
  std::int64_t tokens = 0;  // since the run's beginning
  double loss = 0;          // weighted mean since the last report
  double learning_rate = 0;
  double tokens_per_second = 0;  // since the last report
  std::int64_t skipped = 0;      // samples longer than a row, left out
};

// Before the first step: how well the embedding alone tells labels apart.
using ContrastReport = std::function<void(const ContrastProgress&)>;
using TrainReport = std::function<void(const TrainProgress&)>;

Result<TrainProgress> pretrain(const PretrainOptions& options, const TrainReport& report, std::stop_token stop,
                               const ContrastReport& contrast_report = {});

// The checkpoint as a model that llama.cpp runs.
struct ExportOptions {
  std::filesystem::path vocabulary, checkpoint, out;
  formats::GgufType type = formats::GgufType::kQ8_0;
  std::string name = "zubr-builtin";
};
Result<void> export_model(const ExportOptions& options);

struct SetScore {
  std::int64_t rows = 0, right = 0;
};

// Share of questions (see corpus.h) whose gold label is the most probable one, per set. `model`: a GGUF of shape
// "llama", or a checkpoint.
struct MeasureOptions {
  std::filesystem::path vocabulary, model, questions;
  Precision precision = Precision::kBfloat16;
  int threads = 0;
};
Result<std::map<std::string, SetScore>> measure(const MeasureOptions& options);

}  // namespace zubr::train
