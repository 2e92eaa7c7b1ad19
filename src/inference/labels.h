// Deciding among labels without generating: log P(label | prompt), read from the logits.
//
// A LabelTask is one prompt with a hole for the row's text. LabelScorer::score gives, for each row and label, the sum
// of log-probabilities of the label's tokens after that row's prompt, as a row evaluated alone would have (within 1e-3;
// batched arithmetic is not bit-identical).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "inference/generation.h"

namespace zubr::inference {

// Stands for the row's text in LabelTask::messages or ::raw_prompt; must occur exactly once.
inline constexpr std::string_view kTextPlaceholder = "{{text}}";

enum class LengthNorm {
  kNone,    // the sum over the label's tokens: P(whole label)
  kTokens,  // divided by the number of tokens: a long label is not punished for its length
};

struct LabelTask {
  std::vector<Message> messages;          // rendered with the model's chat template …
  std::optional<std::string> raw_prompt;  // … unless this is set
  std::vector<std::string> labels;        // as they would be answered; distinct, not empty
  LengthNorm length_norm = LengthNorm::kNone;

  // How much may stay unknown. Labels that cannot be among the best `exact_top` under length_norm, and whose joint
  // share of the probability over all labels is below `tolerance`, are not evaluated to their end. 0 = every label
  // exactly.
  int exact_top = 2;
  double tolerance = 1e-3;
};

// A row's text as the model sees it.
struct PreparedText {
  std::vector<std::int32_t> tokens;  // of the text and everything that follows it in the prompt
};

struct LabelScores {
  // One per label: log P(label | prompt), natural logarithm, not length-normalised. Where exact[i] is false it is an
  // upper bound (the log-probability of the part of the label that was evaluated).
  std::vector<float> log_prob;
  std::vector<bool> exact;
};

struct ScorerStats {
  std::int64_t shared_tokens = 0;      // the prompt part evaluated once for all rows
  std::int64_t evaluated_tokens = 0;   // everything that went through the model, the shared part and labels included
  std::int64_t row_by_row_tokens = 0;  // what whole prompts, one row at a time, would have needed (prompt tokens only)
  std::int64_t forwards = 0;           // decode calls
};

struct ScorerLimits {
  int rows = 64;               // the most rows one score() call may have
  std::int64_t tokens = 1024;  // the most PreparedText tokens one score() call may have together
  std::int64_t row_tokens =
      0;  // the most tokens one row may have (context minus the shared part and the longest label)
};

class LabelScorer {
 public:
  virtual ~LabelScorer() = default;

  virtual ScorerLimits limits() const = 0;
  virtual ScorerStats stats() const = 0;
  // Tokens of each label, for length normalisation done by the caller.
  virtual std::span<const int> label_tokens() const = 0;

  // kTooLarge with both numbers when the row does not fit its context; kInvalidArgument when it is not UTF-8.
  // Callable from any thread, also while score() runs.
  virtual Result<PreparedText> prepare(std::string_view text) const = 0;

  // One result per row, in order. Rows within limits(), else kInvalidArgument.
  virtual Result<std::vector<LabelScores>> score(std::span<const PreparedText> rows, std::stop_token stop) = 0;
};

}  // namespace zubr::inference
