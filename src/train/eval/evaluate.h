// What a model makes of data whose answers are known. Labelled tables: the most probable label of each text. Other
// forms: whether it writes the very answer (at temperature 0), and how probable it holds the right one (perplexity).
//
// Threads: one call at a time per backend.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "inference/backend.h"
#include "train/eval/metrics.h"
#include "train/tune/dialogue.h"
#include "train/tune/example.h"

namespace zubr::train {

using EvalProgress = std::function<void(std::int64_t done, std::int64_t total)>;

struct LabelEvaluation {
  LabelMetrics metrics;
  std::vector<BadRow> bad;  // rows that could not be evaluated; not in the metrics
};

// `task`: the prompt that `zubr classify` asks with; `dialogues`: as read with the same prompt and labels.
struct LabelledText {
  std::int64_t row = 0;
  std::string text;
  std::string label;
};
Result<LabelEvaluation> evaluate_labels(inference::Backend& backend, const inference::LabelTask& task,
                                        const std::vector<LabelledText>& texts, const EvalProgress& progress,
                                        std::stop_token stop);

struct AnswerEvaluation {
  std::int64_t answers = 0;
  std::int64_t exact = 0;  // the same text, but for blanks around it
  Interval exact_interval;
  std::int64_t tokens = 0;    // of the right answers, their end included
  double log_likelihood = 0;  // natural, summed over those tokens
  double perplexity() const;
  std::vector<BadRow> bad;
  double exact_share() const { return answers > 0 ? static_cast<double>(exact) / static_cast<double>(answers) : 0; }
};

// Only the last answer of each conversation. `generate` = false: perplexity alone, which is far quicker.
Result<AnswerEvaluation> evaluate_answers(inference::Backend& backend, const std::filesystem::path& model, int threads,
                                          const std::vector<Dialogue>& dialogues, bool generate,
                                          const EvalProgress& progress, std::stop_token stop);

}  // namespace zubr::train
