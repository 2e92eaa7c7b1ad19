// Many short training samples in rows of equal length, without seeing one another.
//
// A sample is a trunk (seen by all of the sample) and branches that each continue the trunk alone: one list of labels
// and ten texts to be put under them cost one list of labels. A sample with no branches is plain text. Positions of a
// branch go on where its trunk ends, so every branch is computed as if trunk + branch stood alone; several samples in
// one row are kept apart in the same way. A test holds the loss of a packed batch to that of its parts.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/vocabulary.h"

namespace zubr::train {

struct Run {
  std::vector<TokenId> tokens;
  std::vector<float> weights;  // of the loss for predicting tokens[i]; 0 = not trained on
};

struct Sample {
  Run trunk;
  std::vector<Run> branches;

  std::int64_t size() const;
};

struct Batch {
  std::int64_t rows = 0, length = 0;
  // rows * length each, row by row.
  std::vector<std::int64_t> tokens;
  std::vector<std::int64_t> positions;
  std::vector<std::int32_t> samples;   // which sample; -1 = padding
  std::vector<std::int32_t> branches;  // 0 = the trunk, then 1, 2, …
  // What is predicted: from the state at `from` (index into the arrays above) the token `target`.
  std::vector<std::int64_t> from;
  std::vector<std::int64_t> target;
  std::vector<float> weight;
  std::vector<std::int32_t> owner;  // the branch's number over the whole batch, counted by `runs`
  std::int32_t runs = 0;            // one per trunk and branch that was added, in order

  bool empty() const { return samples.empty(); }
  // Without the rows at the end that hold nothing.
  void drop_empty_rows();
};

class Packer {
 public:
  Packer(std::int64_t rows, std::int64_t length);

  // Puts the sample into the first row with room; false when no row has any (or the sample is longer than a row).
  bool add(const Sample& sample);
  std::int64_t used() const;  // tokens so far
  Batch take();               // the batch so far; starts over

 private:
  void place(std::int64_t row, const Run& run, std::int32_t sample, std::int32_t branch, std::int64_t position,
             std::int64_t before);

  Batch batch_;
  std::vector<std::int64_t> used_;  // tokens in each row
  std::int32_t samples_ = 0;
};

}  // namespace zubr::train
