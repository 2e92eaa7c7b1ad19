// The middle of a classify job: distinct texts in, decisions out, in bounded memory.
//
// Texts come in windows; a window is tokenised, planned into batches of like length, scored, and its decisions are
// handed on in the order of its texts. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "bulk/classify.h"
#include "bulk/decision.h"
#include "core/result.h"
#include "formats/spool.h"
#include "inference/labels.h"

namespace zubr::bulk {

// What became of one text: a decision, or the reason why there is none.
struct Outcome {
  formats::TextRow text;
  std::variant<Decision, Error> result;
};

class Evaluation {
 public:
  using Deliver = std::function<Result<void>(const Outcome&)>;
  using Advance = std::function<void(std::int64_t texts)>;

  Evaluation(inference::LabelScorer& scorer, inference::LengthNorm length_norm, Calibration calibration);

  // Prepares what calibration needs from the model alone. Call once, first.
  Result<void> calibrate(std::stop_token stop);

  // `deliver` gets outcomes in the order of texts, `advance` the number of texts done since the last call. When stopped
  // early the outcomes of the finished texts are delivered and kCancelled is returned.
  Result<void> run(std::vector<formats::TextRow> window, const Deliver& deliver, const Advance& advance,
                   std::stop_token stop);

  // How many texts a window should have: enough that batches are of like length, few enough to commit often.
  std::size_t window_size() const;

  // The prompt tokens that one whole prompt for every row, duplicates included, would have had.
  std::int64_t row_by_row_tokens() const { return row_by_row_tokens_; }

 private:
  Result<void> score_batch(std::span<const std::uint32_t> batch, std::vector<inference::PreparedText>& prepared,
                           std::vector<std::optional<inference::LabelScores>>& scores, std::stop_token stop);

  inference::LabelScorer& scorer_;
  DecisionRule rule_;
  inference::LengthNorm length_norm_;
  Calibration calibration_;
  bool prior_known_ = false;
  std::int64_t row_by_row_tokens_ = 0;
};

}  // namespace zubr::bulk
