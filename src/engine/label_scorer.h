// inference::LabelScorer on a local model.
//
// The prompt of a row, in tokens (a row evaluated alone has the same):
//   start(head) + continuation(text_prefix + text) + continuation(tail), then continuation(label_prefix + label)
// where the prompt is cut at {{text}} as prefix/prompt_parts.h says, control tokens are parsed in head and tail and
// never in the text, and a label that begins another one is followed by the model's end-of-answer token
// (labels/label_trie.h).
//
// The head is evaluated once, in sequence 0. score() packs its rows into as few decodes as the context allows, reads
// the labels' first tokens from each row's last logits, and goes down the label trie only where LabelSearch says that
// it must. A row within limits().row_tokens but over limits().tokens may be scored alone.
//
// Batched and single evaluation are not bit-identical; on CPU they agree within 1e-3 (README.md, "Exactness").
// Threads: score() from one thread at a time (it locks); the rest from any thread.
#pragma once

#include <memory>
#include <stop_token>

#include "core/result.h"
#include "engine/llama/model.h"
#include "inference/labels.h"

namespace zubr::engine {

struct ScorerTuning {
  int rows = 64;            // of one score() call
  int tokens = 1024;        // of one score() call
  int batch_tokens = 1024;  // of one decode
  // A decode with fewer tokens than this is filled with the next likely label continuations: below it a decode costs
  // the time of reading the weights whatever is in it.
  int fill_tokens = 16;
};

// kInvalidArgument for labels that are the same tokens or a prompt without {{text}}; kTooLarge, with the numbers, when
// the shared part and the longest label leave no room for a text; kUnsupported for models that are not causal decoders
// with an attention cache (encoders, diffusion, recurrent and hybrid ones).
Result<std::unique_ptr<inference::LabelScorer>> open_label_scorer(std::shared_ptr<const Model> model,
                                                                  const inference::LabelTask& task,
                                                                  std::stop_token stop,
                                                                  const ScorerTuning& tuning = {});

}  // namespace zubr::engine
