// The labels of a task as a tree of tokens, cut into the pieces that a model evaluates in one go.
//
// A label whose tokens begin another label's ("shoe" of "shoe polish") gets the model's end-of-answer token appended:
// its probability is then that of the label and nothing after it, and no label is on the way to another. So labels are
// leaves, exclude each other, and the probability of a node bounds the sum over the labels below it.
//
// A Segment is a run of inner nodes without a fork. Feeding its tokens after the row's prompt gives the log-probability
// of every token up to and including the children of its last node: leaves (labels known exactly) and the first nodes
// of further segments (bounds for them). Segment 0 begins at the root: its tokens (what all labels begin with) are fed
// together with the row.
//
// Pure; immutable after build(); any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/token.h"

namespace zubr::engine {

class LabelTrie {
 public:
  struct Child {
    Token token = kNoToken;
    int label = -1;    // the label that ends here, or
    int segment = -1;  // the segment that begins with this token
  };

  // How many labels below a segment have how many tokens; for bounds under length normalisation.
  struct LengthCount {
    int tokens = 0;
    int labels = 0;
  };

  struct Segment {
    int parent = -1;  // segment; -1 for the first
    int depth = 0;    // tokens between the row's end and this segment's first token
    Tokens tokens;    // fed to the model; empty is possible for segment 0 only
    std::vector<Child> children;
    std::vector<LengthCount> lengths;     // ascending
    int first_label = 0, last_label = 0;  // labels_below() of it: [first, last)
  };

  // `names` are for messages, one per label. `end`: the model's end-of-answer token or kNoToken.
  // kInvalidArgument when there is no label, a label without tokens, or two with the same tokens; kUnsupported when one
  // begins another and the model has no end token.
  static Result<LabelTrie> build(std::span<const Tokens> labels, std::span<const std::string> names, Token end);

  const std::vector<Segment>& segments() const { return segments_; }
  int label_count() const { return static_cast<int>(lengths_.size()); }
  // Tokens of each label, an appended end token included.
  std::span<const int> label_tokens() const { return lengths_; }
  int longest_label() const { return longest_; }
  // The labels below a segment.
  std::span<const int> labels_below(int segment) const;

 private:
  struct Builder;

  std::vector<Segment> segments_;
  std::vector<int> lengths_;
  std::vector<int> sorted_;  // labels in token order: those below a segment are neighbours
  int longest_ = 0;
};

}  // namespace zubr::engine
