// Which parts of a label trie must still be evaluated for one row, given what is known so far.
//
// Best first with exact upper bounds (the rules are those of inference::LabelTask): a label is evaluated to its end
// only if it may be among the best `exact_top` under the length normalisation, or if leaving it and the like of it out
// could leave more than `tolerance` of the probability over all labels unknown. wanted() names only segments that every
// correct search has to evaluate now, or (see there) the next likely ones to fill a decode that is half empty.
//
// The bounds. Below a segment whose first token has log-probability b (from the row's end on), the labels'
// probabilities sum to at most e^b. Under kTokens a label of n tokens scores log P / n, so at most b / n; and since the
// sum of k terms p^(1/n) with p summing to at most e^b is greatest when they are equal, k labels of n tokens together
// weigh at most k^(1 - 1/n) e^(b/n).
//
//   LabelSearch search(trie, options);
//   search.wanted(…) → {0};  search.set_segment(0, steps, children);  search.wanted(…) → {3, 7};  …  until it is empty
//
// Pure. One thread at a time; the trie must outlive it.
#pragma once

#include <span>
#include <vector>

#include "engine/labels/label_trie.h"
#include "inference/labels.h"

namespace zubr::engine {

struct SearchOptions {
  inference::LengthNorm length_norm = inference::LengthNorm::kNone;
  int exact_top = 2;
  double tolerance = 1e-3;
};

class LabelSearch {
 public:
  LabelSearch(const LabelTrie& trie, SearchOptions options);

  // The segments to evaluate next; empty when the row is decided. A segment stays wanted until set_segment(). With
  // `at_least` > 1, segments that are likely to be wanted later are added up to so many in all, if any is wanted at
  // all.
  std::vector<int> wanted(int at_least = 0) const;

  // Natural log-probabilities, each given the tokens before it. `steps`: of the segment's tokens after its first (for
  // segment 0: of all its tokens). `children`: of the children, in order.
  void set_segment(int segment, std::span<const double> steps, std::span<const double> children);

  // What score() returns for this row.
  inference::LabelScores scores() const;

  int evaluated() const { return evaluated_; }

 private:
  struct Open {  // a segment whose first token's log-probability is known, and nothing below it
    int segment = 0;
    double bound = 0;       // log P of the path up to and including its first token
    double score = 0;       // the best score that a label below it could have
    double log_weight = 0;  // log of the most that the labels below it could weigh together, e^score each
  };

  double score_of(double log_prob, int tokens) const;
  Open open(int segment, double bound) const;
  std::vector<Open> by_weight() const;
  std::size_t needed_for_tolerance(const std::vector<Open>& heaviest_first) const;
  std::vector<int> needed_for_top() const;

  const LabelTrie* trie_;
  SearchOptions options_;
  std::vector<double> log_prob_;  // one per label, NaN while unknown
  std::vector<Open> open_;
  double known_log_weight_;  // log of the sum of e^score over the known labels
  int evaluated_ = 0;
  bool started_ = false;
};

}  // namespace zubr::engine
