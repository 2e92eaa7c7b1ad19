#include "bulk/decision.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zubr::bulk {

DecisionRule::DecisionRule(inference::LengthNorm length_norm, std::span<const int> label_tokens,
                           std::vector<double> prior)
    : length_norm_(length_norm), label_tokens_(label_tokens.begin(), label_tokens.end()), prior_(std::move(prior)) {}

std::vector<double> DecisionRule::probabilities(const inference::LabelScores& scores) const {
  const std::size_t count = scores.log_prob.size();
  std::vector<double> p(count, -std::numeric_limits<double>::infinity());
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < count; ++i) {
    if (!scores.exact[i]) continue;
    p[i] = scores.log_prob[i];
    if (length_norm_ == inference::LengthNorm::kTokens) p[i] /= std::max(1, label_tokens_[i]);
    if (!prior_.empty()) p[i] -= std::log(prior_[i]);
    best = std::max(best, p[i]);
  }
  double sum = 0;
  for (double& value : p) {
    value = std::isinf(best) ? 0 : std::exp(value - best);
    sum += value;
  }
  for (double& value : p) value = sum > 0 ? value / sum : 1.0 / static_cast<double>(count);
  return p;
}

Decision DecisionRule::decide(const inference::LabelScores& scores) const {
  const std::vector<double> p = probabilities(scores);
  Decision decision;
  decision.ranked.reserve(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) decision.ranked.push_back({static_cast<int>(i), p[i]});
  std::ranges::stable_sort(decision.ranked, std::ranges::greater{}, &RankedLabel::probability);
  if (!decision.ranked.empty())
    decision.margin =
        decision.ranked[0].probability - (decision.ranked.size() > 1 ? decision.ranked[1].probability : 0.0);
  return decision;
}

}  // namespace zubr::bulk
