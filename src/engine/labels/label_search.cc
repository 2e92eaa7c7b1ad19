#include "engine/labels/label_search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

namespace zubr::engine {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kNever = -std::numeric_limits<double>::infinity();

// log(e^a + e^b)
double add_logs(double a, double b) {
  if (a < b) std::swap(a, b);
  return a == kNever ? kNever : a + std::log1p(std::exp(b - a));
}

}  // namespace

LabelSearch::LabelSearch(const LabelTrie& trie, SearchOptions options)
    : trie_(&trie),
      options_(options),
      log_prob_(static_cast<std::size_t>(trie.label_count()), kUnknown),
      known_log_weight_(kNever) {}

double LabelSearch::score_of(double log_prob, int tokens) const {
  return options_.length_norm == inference::LengthNorm::kTokens ? log_prob / tokens : log_prob;
}

LabelSearch::Open LabelSearch::open(int segment, double bound) const {
  Open result{segment, bound, bound, bound};
  if (options_.length_norm == inference::LengthNorm::kTokens) {
    const auto& lengths = trie_->segments()[static_cast<std::size_t>(segment)].lengths;
    result.score = bound / lengths.back().tokens;
    result.log_weight = kNever;
    for (const auto& [tokens, labels] : lengths) {
      result.log_weight = add_logs(result.log_weight, bound / tokens + std::log(labels) * (1.0 - 1.0 / tokens));
    }
  }
  return result;
}

void LabelSearch::set_segment(int index, std::span<const double> steps, std::span<const double> children) {
  const auto& segment = trie_->segments()[static_cast<std::size_t>(index)];
  double log_prob = 0;
  if (started_) {
    const auto at = std::ranges::find(open_, index, &Open::segment);
    if (at == open_.end()) return;  // evaluated before
    log_prob = at->bound;
    *at = open_.back();
    open_.pop_back();
  }
  started_ = true;
  ++evaluated_;
  for (const double step : steps) log_prob += step;
  for (std::size_t i = 0; i < segment.children.size(); ++i) {
    const auto& child = segment.children[i];
    const double value = log_prob + children[i];
    if (child.label >= 0) {
      const auto label = static_cast<std::size_t>(child.label);
      log_prob_[label] = value;
      known_log_weight_ = add_logs(known_log_weight_, score_of(value, trie_->label_tokens()[label]));
    } else {
      open_.push_back(open(child.segment, value));
    }
  }
}

// The segments that must be evaluated so that the rest weighs little enough: the rest is at most `tolerance` of a total
// that is itself at most what is known plus all bounds, so leaving out the lightest ones leaves out the most segments.
std::size_t LabelSearch::needed_for_tolerance(const std::vector<Open>& heaviest_first) const {
  const double unit = std::max(known_log_weight_, heaviest_first.front().log_weight);  // weighs 1 below
  if (unit == kNever) return 0;
  double total = std::exp(known_log_weight_ - unit);
  for (const Open& open : heaviest_first) total += std::exp(open.log_weight - unit);
  double left_out = 0;
  std::size_t needed = heaviest_first.size();
  for (; needed > 0; --needed) {
    left_out += std::exp(heaviest_first[needed - 1].log_weight - unit);
    if (left_out > options_.tolerance * total) break;
  }
  return needed;
}

// The segments that hold one of the `exact_top` greatest upper bounds: nothing else can settle the top.
std::vector<int> LabelSearch::needed_for_top() const {
  const auto top = static_cast<std::size_t>(std::clamp(options_.exact_top, 0, trie_->label_count()));
  struct Bound {
    double score;
    int segment;  // -1: a known label
  };
  std::vector<Bound> bounds;
  bounds.reserve(log_prob_.size());
  for (std::size_t label = 0; label < log_prob_.size(); ++label) {
    if (std::isnan(log_prob_[label])) continue;
    bounds.push_back({score_of(log_prob_[label], trie_->label_tokens()[label]), -1});
  }
  for (const Open& open : open_) {
    const auto& lengths = trie_->segments()[static_cast<std::size_t>(open.segment)].lengths;
    std::size_t entered = 0;
    for (auto length = lengths.rbegin(); length != lengths.rend() && entered < top; ++length) {
      for (int i = 0; i < length->labels && entered < top; ++i, ++entered) {
        bounds.push_back({score_of(open.bound, length->tokens), open.segment});
      }
    }
  }
  const auto count = std::min(top, bounds.size());
  // At equal scores a known label wins: what only ties with it cannot displace it.
  std::ranges::partial_sort(
      bounds, bounds.begin() + static_cast<std::ptrdiff_t>(count),
      [](const Bound& a, const Bound& b) { return a.score != b.score ? a.score > b.score : a.segment < b.segment; });
  std::vector<int> segments;
  for (std::size_t i = 0; i < count; ++i) {
    if (bounds[i].segment >= 0) segments.push_back(bounds[i].segment);
  }
  std::ranges::sort(segments);
  segments.erase(std::ranges::unique(segments).begin(), segments.end());
  return segments;
}

std::vector<LabelSearch::Open> LabelSearch::by_weight() const {
  std::vector<Open> sorted = open_;
  std::ranges::sort(sorted, [](const Open& a, const Open& b) {
    return a.log_weight != b.log_weight ? a.log_weight > b.log_weight : a.segment < b.segment;
  });
  return sorted;
}

std::vector<int> LabelSearch::wanted(int at_least) const {
  if (!started_) return {0};
  if (open_.empty()) return {};
  std::vector<int> segments;
  const std::vector<Open> sorted = by_weight();
  const std::size_t needed = options_.tolerance > 0 ? needed_for_tolerance(sorted) : sorted.size();
  for (std::size_t i = 0; i < needed; ++i) segments.push_back(sorted[i].segment);
  if (needed < sorted.size()) {
    for (const int segment : needed_for_top()) {
      if (std::ranges::find(segments, segment) == segments.end()) segments.push_back(segment);
    }
  }
  if (segments.empty()) return segments;
  for (std::size_t i = needed; i < sorted.size() && static_cast<int>(segments.size()) < at_least; ++i) {
    if (std::ranges::find(segments, sorted[i].segment) == segments.end()) segments.push_back(sorted[i].segment);
  }
  return segments;
}

inference::LabelScores LabelSearch::scores() const {
  inference::LabelScores scores;
  scores.log_prob.assign(log_prob_.begin(), log_prob_.end());
  scores.exact.assign(log_prob_.size(), true);
  if (!started_) {
    scores.log_prob.assign(log_prob_.size(), 0.0F);
    scores.exact.assign(log_prob_.size(), false);
  }
  for (const Open& open : open_) {
    for (const int label : trie_->labels_below(open.segment)) {
      scores.log_prob[static_cast<std::size_t>(label)] = static_cast<float>(open.bound);
      scores.exact[static_cast<std::size_t>(label)] = open.bound == kNever;
    }
  }
  return scores;
}

}  // namespace zubr::engine
