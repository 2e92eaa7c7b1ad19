#include "engine/generate/top_logprobs.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/llama/log_softmax.h"

namespace zubr::engine {

inference::TokenLogprobs read_logprobs(std::span<const float> logits, Token chosen, int top,
                                       const Tokenizer& tokenizer) {
  const double denominator = log_sum_exp(logits);
  const auto of = [&](Token token) {
    const auto log_prob = static_cast<float>(logits[static_cast<std::size_t>(token)] - denominator);
    return inference::TokenProbability{token, tokenizer.piece(token, true),
                                       log_prob > kLeastLogprob ? log_prob : kLeastLogprob};
  };
  inference::TokenLogprobs result{of(chosen)};
  const auto count = std::min(static_cast<std::size_t>(std::max(top, 0)), logits.size());
  if (count == 0) return result;
  std::vector<Token> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(order.begin(), end, order.end(), [&](Token a, Token b) {
    const float left = logits[static_cast<std::size_t>(a)], right = logits[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  });
  for (auto token = order.begin(); token != end; ++token) result.top.push_back(of(*token));
  return result;
}

}  // namespace zubr::engine
