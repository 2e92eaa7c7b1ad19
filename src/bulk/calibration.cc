#include "bulk/calibration.h"

#include <algorithm>
#include <array>

namespace zubr::bulk {
namespace {
constexpr double kLeastPrior = 1e-6;
}

void BatchPrior::add(const std::vector<double>& probabilities) {
  for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += probabilities[i];
  ++rows_;
}

std::vector<double> BatchPrior::prior() const {
  std::vector<double> prior(sum_.size(), 1.0 / static_cast<double>(std::max<std::size_t>(1, sum_.size())));
  if (rows_ == 0) return prior;
  for (std::size_t i = 0; i < sum_.size(); ++i) prior[i] = std::max(kLeastPrior, sum_[i] / static_cast<double>(rows_));
  return prior;
}

Result<std::vector<double>> content_free_prior(inference::LabelScorer& scorer, const DecisionRule& rule,
                                               std::stop_token stop) {
  // The first two as in the paper; its empty string would leave some templates without any text token.
  constexpr std::array<std::string_view, 3> kContentFree{"N/A", "[MASK]", "none"};
  std::vector<inference::PreparedText> rows;
  for (const std::string_view text : kContentFree) {
    ZUBR_TRY(row, scorer.prepare(text));
    rows.push_back(std::move(row));
  }
  ZUBR_TRY(scores, scorer.score(rows, stop));
  BatchPrior prior(scorer.label_tokens().size());
  for (const auto& row : scores) prior.add(rule.probabilities(row));
  return prior.prior();
}

}  // namespace zubr::bulk
