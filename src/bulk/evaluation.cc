#include "bulk/evaluation.h"

#include <algorithm>

#include "bulk/calibration.h"
#include "bulk/plan/batches.h"

namespace zubr::bulk {

Evaluation::Evaluation(inference::LabelScorer& scorer, inference::LengthNorm length_norm, Calibration calibration)
    : scorer_(scorer),
      rule_(length_norm, scorer.label_tokens()),
      length_norm_(length_norm),
      calibration_(calibration) {}

std::size_t Evaluation::window_size() const {
  return std::max<std::size_t>(1024, 16 * static_cast<std::size_t>(scorer_.limits().rows));
}

Result<void> Evaluation::calibrate(std::stop_token stop) {
  if (calibration_ != Calibration::kContentFree) return {};
  ZUBR_TRY(prior, content_free_prior(scorer_, rule_, stop));
  rule_ = DecisionRule(length_norm_, scorer_.label_tokens(), std::move(prior));
  return {};
}

Result<void> Evaluation::score_batch(std::span<const std::uint32_t> batch,
                                     std::vector<inference::PreparedText>& prepared,
                                     std::vector<std::optional<inference::LabelScores>>& scores, std::stop_token stop) {
  std::vector<inference::PreparedText> rows;
  rows.reserve(batch.size());
  for (const std::uint32_t index : batch) rows.push_back(std::move(prepared[index]));
  ZUBR_TRY(scored, scorer_.score(rows, stop));
  for (std::size_t i = 0; i < batch.size(); ++i) scores[batch[i]] = std::move(scored[i]);
  return {};
}

Result<void> Evaluation::run(std::vector<formats::TextRow> window, const Deliver& deliver, const Advance& advance,
                             std::stop_token stop) {
  const auto shared_tokens = scorer_.stats().shared_tokens;
  std::vector<std::optional<Error>> errors(window.size());
  std::vector<std::optional<inference::LabelScores>> scores(window.size());
  std::vector<inference::PreparedText> prepared;
  std::vector<std::uint32_t> text_of;  // prepared[i] is the text window[text_of[i]]
  std::vector<std::int64_t> tokens;
  for (std::size_t i = 0; i < window.size(); ++i) {
    if (window[i].is_null || window[i].text.empty()) {
      errors[i] = Error(ErrorCode::kInvalidArgument, message("the text is empty"));
      continue;
    }
    auto row = scorer_.prepare(window[i].text);
    if (!row) {
      errors[i] = std::move(row).error();
      continue;
    }
    row_by_row_tokens_ += window[i].count * (shared_tokens + std::ssize(row->tokens));
    tokens.push_back(std::ssize(row->tokens));
    text_of.push_back(static_cast<std::uint32_t>(i));
    prepared.push_back(std::move(*row));
  }

  const auto limits = scorer_.limits();
  std::vector<std::optional<inference::LabelScores>> prepared_scores(prepared.size());
  Result<void> outcome;
  advance(std::ssize(window) - std::ssize(prepared));
  for (const auto& batch : plan_batches(tokens, {limits.rows, limits.tokens})) {
    outcome = score_batch(batch, prepared, prepared_scores, stop);
    if (!outcome) break;
    advance(std::ssize(batch));
  }
  for (std::size_t i = 0; i < text_of.size(); ++i) scores[text_of[i]] = std::move(prepared_scores[i]);

  if (calibration_ == Calibration::kBatch && !prior_known_) {
    BatchPrior prior(scorer_.label_tokens().size());
    for (const auto& row : scores)
      if (row) prior.add(rule_.probabilities(*row));
    rule_ = DecisionRule(length_norm_, scorer_.label_tokens(), prior.prior());
    prior_known_ = true;
  }
  for (std::size_t i = 0; i < window.size(); ++i) {
    if (errors[i]) {
      ZUBR_CHECK(deliver({std::move(window[i]), std::move(*errors[i])}));
    } else if (scores[i]) {
      ZUBR_CHECK(deliver({std::move(window[i]), rule_.decide(*scores[i])}));
    }
  }
  return outcome;
}

}  // namespace zubr::bulk
