#include "engine/label_scorer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "engine/label_prompt.h"
#include "engine/labels/label_search.h"
#include "engine/llama/context.h"
#include "engine/llama/log_softmax.h"
#include "engine/prefix/shared_prefix.h"
#include "engine/scheduler/decode_scheduler.h"

namespace zubr::engine {
namespace {

using inference::LabelScores;
using inference::PreparedText;

// Logits of one decode are kept below this (llama.cpp reserves a row of them for every sequence, too) …
constexpr std::size_t kOutputBytes = 64u << 20;
// … but there are sequences for all rows and a few continuations.
constexpr int kLeastContinuations = 31;
// Cells beside those of the rows, for label continuations.
constexpr int kContinuationCells = 1024;

// The rows of one score() call on their way through the trie.
class RowsInFlight {
 public:
  RowsInFlight(const LabelTrie& trie, SearchOptions options, std::size_t rows) : trie_(trie) {
    searches_.reserve(rows);
    for (std::size_t i = 0; i < rows; ++i) searches_.emplace_back(trie, options);
    steps_.resize(rows);
    asked_.assign(rows, std::vector<bool>(trie.segments().size(), false));
    decided_.assign(rows, false);
  }

  // One output of a row's segment. True when it was the segment's last.
  bool take(int row, int segment, int output, std::span<const float> logits) {
    const auto& at = trie_.segments()[static_cast<std::size_t>(segment)];
    const double denominator = log_sum_exp(logits);
    const auto log_prob = [&](Token token) { return logits[static_cast<std::size_t>(token)] - denominator; };
    auto& steps = steps_[static_cast<std::size_t>(row)][segment];
    const int outputs = DecodeScheduler::segment_outputs(trie_, segment);
    if (output + 1 < outputs) {
      steps.push_back(log_prob(at.tokens[static_cast<std::size_t>(segment == 0 ? output : output + 1)]));
      return false;
    }
    children_.clear();
    for (const auto& child : at.children) children_.push_back(log_prob(child.token));
    searches_[static_cast<std::size_t>(row)].set_segment(segment, steps, children_);
    steps_[static_cast<std::size_t>(row)].erase(segment);
    return true;
  }

  // Asks the scheduler for what these rows need next, or tells it that they are done. Where that is less than
  // `fill_tokens` in all, each row adds what it will probably need later.
  void advance(std::span<const int> rows, DecodeScheduler& scheduler, int fill_tokens) {
    std::vector<std::pair<int, std::vector<int>>> wants;
    for (const int row : rows) {
      auto wanted = searches_[static_cast<std::size_t>(row)].wanted();
      if (wanted.empty()) {
        decided_[static_cast<std::size_t>(row)] = true;
        scheduler.finish_row(row);
      } else {
        wants.emplace_back(row, std::move(wanted));
      }
    }
    for (auto& [row, wanted] : wants) {
      const auto index = static_cast<std::size_t>(row);
      const auto share = static_cast<std::size_t>(fill_tokens) / wants.size();
      if (wanted.size() < share) wanted = searches_[index].wanted(static_cast<int>(share));
      for (const int segment : wanted) {
        if (asked_[index][static_cast<std::size_t>(segment)]) continue;
        asked_[index][static_cast<std::size_t>(segment)] = true;
        scheduler.want(row, segment);
      }
    }
  }

  bool decided(std::size_t row) const { return decided_[row]; }
  LabelScores scores(std::size_t row) const { return searches_[row].scores(); }

 private:
  const LabelTrie& trie_;
  std::vector<LabelSearch> searches_;
  std::vector<std::map<int, std::vector<double>>> steps_;
  std::vector<std::vector<bool>> asked_;  // per row and segment
  std::vector<bool> decided_;
  std::vector<double> children_;
};

class EngineLabelScorer : public inference::LabelScorer {
 public:
  EngineLabelScorer(std::shared_ptr<const Model> model, LabelPrompt prompt, const inference::LabelTask& task,
                    const ScorerTuning& tuning)
      : model_(std::move(model)), prompt_(std::move(prompt)), tuning_(tuning) {
    search_ = {task.length_norm, task.exact_top, task.tolerance};
    stats_.shared_tokens = static_cast<std::int64_t>(prompt_.shared().size());
    const auto row_bytes = static_cast<std::size_t>(model_->tokenizer().size()) * sizeof(float);
    const int affordable = static_cast<int>(std::min<std::size_t>(kOutputBytes / row_bytes, kMaxSequences));
    sequences_ = std::min(kMaxSequences, std::max(affordable, 1 + tuning_.rows + kLeastContinuations));
  }

  Result<void> open(std::stop_token stop) { return make_context(tuning_.tokens, stop); }

  inference::ScorerLimits limits() const override {
    inference::ScorerLimits limits;
    limits.rows = tuning_.rows;
    limits.tokens = tuning_.tokens;
    limits.row_tokens = prompt_.row_tokens();
    return limits;
  }

  inference::ScorerStats stats() const override {
    std::lock_guard lock(stats_mutex_);
    return stats_;
  }

  std::span<const int> label_tokens() const override { return prompt_.trie().label_tokens(); }

  Result<PreparedText> prepare(std::string_view text) const override {
    ZUBR_TRY(tokens, prompt_.row(text));
    return PreparedText{std::move(tokens)};
  }

  Result<std::vector<LabelScores>> score(std::span<const PreparedText> rows, std::stop_token stop) override;

 private:
  Result<void> make_context(int row_tokens, std::stop_token stop);
  Result<void> check(std::span<const PreparedText> rows) const;
  Result<void> run(std::span<const PreparedText> rows, RowsInFlight& flight, std::stop_token stop);
  Result<void> decode(const DecodePlan& plan, RowsInFlight& flight, DecodeScheduler& scheduler, std::stop_token stop);
  SchedulerLimits scheduler_limits() const;

  std::shared_ptr<const Model> model_;
  LabelPrompt prompt_;
  ScorerTuning tuning_;
  SearchOptions search_;
  int sequences_ = 0;  // of the context; the last one is for padding

  std::mutex mutex_;      // everything below
  int row_capacity_ = 0;  // tokens that the rows of one score() may have in context_
  int row_cells_ = 0;     // of them and their labels
  std::unique_ptr<Context> context_;
  std::vector<float> shared_logits_;
  Batch batch_;

  mutable std::mutex stats_mutex_;  // stats_
  inference::ScorerStats stats_;
};

// A context with room for rows of so many tokens together, and the shared part evaluated in it.
Result<void> EngineLabelScorer::make_context(int row_tokens, std::stop_token stop) {
  const auto& first = prompt_.trie().segments().front();
  const int label_cells = tuning_.rows * static_cast<int>(first.tokens.size()) +
                          std::max(kContinuationCells, 2 * prompt_.trie().longest_label());
  row_capacity_ = row_tokens;
  row_cells_ = row_tokens + label_cells;
  ContextOptions options;
  options.cells = static_cast<int>(prompt_.shared().size()) + row_cells_ + kExactLeastTokens;
  options.batch_tokens = std::min(tuning_.batch_tokens, options.cells);
  options.sequences = sequences_;
  options.outputs = std::min(sequences_, options.batch_tokens);
  options.micro_batch = kExactMicroBatch;
  context_.reset();
  ZUBR_TRY(context, Context::create(model_, options));
  ZUBR_TRY(prefix, evaluate_prefix(*context, prompt_.shared(), stop));
  context_ = std::move(context);
  shared_logits_ = std::move(prefix.last_logits);
  std::lock_guard lock(stats_mutex_);
  stats_.evaluated_tokens += stats_.shared_tokens;
  stats_.forwards += prefix.forwards;
  return {};
}

SchedulerLimits EngineLabelScorer::scheduler_limits() const {
  const auto& options = context_->options();
  return {options.sequences - 1, options.batch_tokens - kExactLeastTokens, options.outputs, row_cells_};
}

Result<void> EngineLabelScorer::check(std::span<const PreparedText> rows) const {
  std::int64_t tokens = 0;
  for (const PreparedText& row : rows) {
    const auto count = static_cast<std::int64_t>(row.tokens.size());
    tokens += count;
    if (count == 0 && prompt_.shared().empty()) {
      return fail(ErrorCode::kInvalidArgument, "a row without tokens needs a prompt around it");
    }
    if (count > prompt_.row_tokens()) {
      return fail(ErrorCode::kInvalidArgument, "a row of {} tokens is over the limit of {}", count,
                  prompt_.row_tokens());
    }
    for (const Token token : row.tokens) {
      if (token < 0 || token >= model_->tokenizer().size()) {
        return fail(ErrorCode::kInvalidArgument, "{} is not a token of model '{}'", token, model_->name());
      }
    }
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  if (count > tuning_.rows || (tokens > tuning_.tokens && count > 1)) {
    return fail(ErrorCode::kInvalidArgument, "{} rows of {} tokens are over the limits of {} and {}", count, tokens,
                tuning_.rows, tuning_.tokens);
  }
  return {};
}

Result<std::vector<LabelScores>> EngineLabelScorer::score(std::span<const PreparedText> rows, std::stop_token stop) {
  ZUBR_CHECK(check(rows));
  std::lock_guard lock(mutex_);
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  const int longest = rows.size() == 1 ? static_cast<int>(rows.front().tokens.size()) : 0;
  if (!context_ || longest > row_capacity_) ZUBR_CHECK(make_context(std::max(tuning_.tokens, longest), stop));
  RowsInFlight flight(prompt_.trie(), search_, rows.size());
  auto done = run(rows, flight, stop);
  // Whatever happened, only the shared part stays.
  context_->keep_only(kSharedSequence);
  if (!done) return fail(done.error());
  std::vector<LabelScores> scores;
  scores.reserve(rows.size());
  std::int64_t row_by_row = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    scores.push_back(flight.scores(i));
    row_by_row += static_cast<std::int64_t>(prompt_.shared().size() + rows[i].tokens.size());
  }
  std::lock_guard stats_lock(stats_mutex_);
  stats_.row_by_row_tokens += row_by_row;
  return scores;
}

Result<void> EngineLabelScorer::run(std::span<const PreparedText> rows, RowsInFlight& flight, std::stop_token stop) {
  const LabelTrie& trie = prompt_.trie();
  DecodeScheduler scheduler(trie, scheduler_limits());
  const bool labels_share_tokens = !trie.segments().front().tokens.empty();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int row = static_cast<int>(i);
    if (rows[i].tokens.empty()) {  // the shared part's last logits are this row's first
      if (flight.take(row, 0, 0, shared_logits_)) flight.advance({&row, 1}, scheduler, 0);
      if (!labels_share_tokens) continue;
    }
    scheduler.add_row(row, rows[i].tokens);
  }
  for (DecodePlan plan = scheduler.next(); !plan.pieces.empty(); plan = scheduler.next()) {
    ZUBR_CHECK(decode(plan, flight, scheduler, stop));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!flight.decided(i)) {
      return fail(ErrorCode::kInternal, "row {} of {} could not be scheduled within {} cells", i, rows.size(),
                  row_cells_);
    }
  }
  return {};
}

Result<void> EngineLabelScorer::decode(const DecodePlan& plan, RowsInFlight& flight, DecodeScheduler& scheduler,
                                       std::stop_token stop) {
  for (const int sequence : plan.release) context_->remove_sequence(sequence);
  batch_.clear();
  const int shared = static_cast<int>(prompt_.shared().size());
  for (const Piece& piece : plan.pieces) {
    if (piece.copy_from >= 0) context_->copy_sequence(piece.copy_from, piece.sequence);
    const int count = static_cast<int>(piece.tokens.size());
    for (int i = 0; i < count; ++i) {
      batch_.add(piece.tokens[static_cast<std::size_t>(i)], shared + piece.position + i, piece.sequence,
                 i >= count - piece.outputs);
    }
  }
  const int padding = batch_.pad(kExactMicroBatch, kExactLeastTokens, sequences_ - 1);
  ZUBR_CHECK(context_->decode(batch_, stop));
  if (padding > 0) context_->remove_sequence(sequences_ - 1);
  {
    std::lock_guard lock(stats_mutex_);
    stats_.evaluated_tokens += batch_.size();
    ++stats_.forwards;
  }
  std::vector<int> learned;
  int at = 0;
  for (const Piece& piece : plan.pieces) {
    const int count = static_cast<int>(piece.tokens.size());
    for (int i = 0; i < piece.outputs; ++i) {
      const auto logits = context_->logits(at + count - piece.outputs + i);
      if (logits.empty()) return fail(ErrorCode::kInternal, "no logits for token {} of a decode", at + i);
      if (flight.take(piece.row, piece.segment, piece.first_output + i, logits)) learned.push_back(piece.row);
    }
    at += count;
  }
  std::ranges::sort(learned);
  learned.erase(std::ranges::unique(learned).begin(), learned.end());
  flight.advance(learned, scheduler, tuning_.fill_tokens);
  return {};
}

}  // namespace

Result<std::unique_ptr<inference::LabelScorer>> open_label_scorer(std::shared_ptr<const Model> model,
                                                                  const inference::LabelTask& task,
                                                                  std::stop_token stop, const ScorerTuning& tuning) {
  ZUBR_TRY(prompt, LabelPrompt::build(model, task));
  auto scorer = std::make_unique<EngineLabelScorer>(std::move(model), std::move(prompt), task, tuning);
  ZUBR_CHECK(scorer->open(stop));
  return std::unique_ptr<inference::LabelScorer>(std::move(scorer));
}

}  // namespace zubr::engine
