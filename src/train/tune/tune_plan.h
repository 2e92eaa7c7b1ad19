// What a tuning run is told, as files in its folder: plan.json, train.jsonl and validation.jsonl (token ids). Made by
// `zubr tune`, which reads and checks the data, and followed by `zubr-train`, which has torch.
//
// The same plan in the same folder goes on where it was stopped; another plan is refused.
// Plain values; threads: one per folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "train/schedule.h"
#include "train/tune/example.h"

namespace zubr::train {

struct LoraOptions {
  std::int64_t rank = 16;
  double alpha = 32;
  double dropout = 0;
  bool rank_stabilised = false;           // scale = alpha / sqrt(rank) (https://arxiv.org/abs/2312.03732)
  std::vector<std::string> targets = {};  // "attn_q" …; empty = all seven

  double scale() const;
};
extern const std::vector<std::string> kLoraTargets;  // attn_q attn_k attn_v attn_output ffn_gate ffn_up ffn_down

struct TunePlan {
  std::filesystem::path base;  // GGUF
  std::string name;            // of what comes out
  LoraOptions lora;
  bool full = false;  // all weights are trained, in float32, instead of an adapter
  std::int64_t epochs = 3;
  std::int64_t batch = 16;             // examples of a step
  std::int64_t tokens_at_once = 2048;  // of a forward pass; a step takes as many passes as it needs
  double rate = 2e-4;
  bool linear = false;    // schedule: a straight line down instead of half a cosine
  double warm_up = 0.03;  // share of the steps
  double weight_decay = 0, clip = 1;
  std::uint64_t seed = 1;
  bool float32 = false;             // compute in float32 instead of bfloat16
  bool recompute = false;           // layers are computed twice instead of kept
  std::int64_t evaluate_every = 0;  // steps; 0 = each epoch
  std::int64_t patience = 3;        // evaluations without a better one before it ends; 0 = never
  std::int64_t checkpoint_every = 50;
  int threads = 0;
  std::string type;  // of the merged model's matrices: "q8_0", "f16", "f32"; empty = as the base has them

  std::int64_t steps_per_epoch(std::int64_t examples) const { return (examples + batch - 1) / batch; }
  std::int64_t steps(std::int64_t examples) const { return epochs * steps_per_epoch(examples); }
  Schedule schedule(std::int64_t examples) const;
};

// kInvalidArgument names the option and what it may be.
Result<void> check_plan(const TunePlan& plan);

// Where everything of a run is.
struct TuneFolder {
  std::filesystem::path root;
  std::filesystem::path plan() const { return root / "plan.json"; }
  std::filesystem::path train() const { return root / "train.jsonl"; }
  std::filesystem::path validation() const { return root / "validation.jsonl"; }
  std::filesystem::path checkpoint() const { return root / "checkpoint.pt"; }
  std::filesystem::path best() const { return root / "best.pt"; }
  std::filesystem::path log() const { return root / "log.jsonl"; }
  std::filesystem::path plot() const { return root / "loss.svg"; }
  std::filesystem::path adapter() const { return root / "adapter.gguf"; }
  std::filesystem::path peft() const { return root / "peft"; }
  std::filesystem::path merged() const { return root / "model.gguf"; }
};

// kAlreadyExists when the folder holds another plan or other data and `restart` is not set (which begins anew).
// Returns whether there is a checkpoint to go on from.
Result<bool> write_plan(const TunePlan& plan, const std::vector<Example>& train, const std::vector<Example>& validation,
                        const TuneFolder& folder, bool restart);

struct StoredPlan {
  TunePlan plan;
  std::vector<Example> train, validation;
};
Result<StoredPlan> read_plan(const TuneFolder& folder);

}  // namespace zubr::train
