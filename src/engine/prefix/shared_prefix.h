// The part of the prompt that all rows share: evaluated once, in sequence 0 of a context, from which every row begins
// as a copy.
//
// Threads: as the Context.
#pragma once

#include <stop_token>
#include <vector>

#include "core/result.h"
#include "engine/llama/context.h"

namespace zubr::engine {

inline constexpr int kSharedSequence = 0;

struct PrefixEvaluation {
  std::vector<float> last_logits;  // after the last token; empty when there are no tokens
  int forwards = 0;
};

// Evaluates `tokens` in the empty sequence 0, a batch at a time; the context's last sequence is used for padding and
// must be empty too. On failure sequence 0 is empty again.
Result<PrefixEvaluation> evaluate_prefix(Context& context, const Tokens& tokens, std::stop_token stop);

}  // namespace zubr::engine
