// From log-probabilities to a label: normalise over the label set, calibrate, rank.
//
// Pure. With scores s_i = log P(label_i | prompt), divided by its tokens under LengthNorm::kTokens, and the prior q_i
// of a calibration, p_i is proportional to exp(s_i) / q_i over the labels that were evaluated exactly. Labels that were
// not (their joint share is below the task's tolerance) get 0.
#pragma once

#include <span>
#include <vector>

#include "inference/labels.h"

namespace zubr::bulk {

struct RankedLabel {
  int label = 0;  // index into the label set
  double probability = 0;
};

struct Decision {
  std::vector<RankedLabel> ranked;  // every label, most probable first; ties by index
  double margin = 0;                // first minus second; the first's probability where there is only one label
};

class DecisionRule {
 public:
  // label_tokens: one per label. prior: empty = none, else one positive number per label.
  DecisionRule(inference::LengthNorm length_norm, std::span<const int> label_tokens, std::vector<double> prior = {});

  Decision decide(const inference::LabelScores& scores) const;

  // Probabilities in the order of the label set.
  std::vector<double> probabilities(const inference::LabelScores& scores) const;

 private:
  inference::LengthNorm length_norm_;
  std::vector<int> label_tokens_;
  std::vector<double> prior_;
};

}  // namespace zubr::bulk
