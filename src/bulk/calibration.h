// The prior of each label: what its probability is before a text has said anything.
#pragma once

#include <stop_token>
#include <vector>

#include "bulk/decision.h"
#include "core/result.h"
#include "inference/labels.h"

namespace zubr::bulk {

// Zhao et al. 2021 (arXiv 2102.09690): the mean probability over texts without content.
Result<std::vector<double>> content_free_prior(inference::LabelScorer& scorer, const DecisionRule& rule,
                                               std::stop_token stop);

// Zhou et al. 2023 (arXiv 2309.17249): the mean probability over rows of the job itself.
class BatchPrior {
 public:
  explicit BatchPrior(std::size_t labels) : sum_(labels, 0.0) {}

  void add(const std::vector<double>& probabilities);
  // At least 1e-6 each, so that it can be divided by; uniform when nothing was added.
  std::vector<double> prior() const;

 private:
  std::vector<double> sum_;
  std::size_t rows_ = 0;
};

}  // namespace zubr::bulk
