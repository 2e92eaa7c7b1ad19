#include "engine/prefix/shared_prefix.h"

#include <algorithm>

namespace zubr::engine {

Result<PrefixEvaluation> evaluate_prefix(Context& context, const Tokens& tokens, std::stop_token stop) {
  PrefixEvaluation result;
  Batch batch;
  const auto chunk = static_cast<std::size_t>(context.options().batch_tokens);
  for (std::size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const std::size_t end = std::min(tokens.size(), begin + chunk);
    batch.clear();
    for (std::size_t i = begin; i < end; ++i) {
      batch.add(tokens[i], static_cast<int>(i), kSharedSequence, i + 1 == tokens.size());
    }
    if (auto done = context.decode(batch, stop); !done) {
      context.clear();
      return fail(done.error());
    }
    ++result.forwards;
  }
  if (!tokens.empty()) {
    const auto logits = context.logits(batch.size() - 1);
    result.last_logits.assign(logits.begin(), logits.end());
  }
  return result;
}

}  // namespace zubr::engine
