#include "engine/prefix/shared_prefix.h"

#include <algorithm>

namespace zubr::engine {

Result<PrefixEvaluation> evaluate_prefix(Context& context, const Tokens& tokens, std::stop_token stop) {
  PrefixEvaluation result;
  Batch batch;
  const int padding_sequence = context.options().sequences - 1;
  const auto chunk = static_cast<std::size_t>(std::max(1, context.options().batch_tokens - kExactLeastTokens));
  for (std::size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const std::size_t end = std::min(tokens.size(), begin + chunk);
    batch.clear();
    for (std::size_t i = begin; i < end; ++i) {
      batch.add(tokens[i], static_cast<int>(i), kSharedSequence, i + 1 == tokens.size());
    }
    const int last = batch.size() - 1;
    const int padding = batch.pad(kExactMicroBatch, kExactLeastTokens, padding_sequence);
    if (auto done = context.decode(batch, stop); !done) {
      context.clear();
      return fail(done.error());
    }
    if (padding > 0) context.remove_sequence(padding_sequence);
    ++result.forwards;
    if (end == tokens.size()) {
      const auto logits = context.logits(last);
      result.last_logits.assign(logits.begin(), logits.end());
    }
  }
  return result;
}

}  // namespace zubr::engine
