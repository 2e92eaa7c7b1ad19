// Starting values for an embedding matrix from which texts belong together, in seconds instead of hours of training:
// tokens that occur in the same groups get similar rows. The groups may be a category with everything in it, or a name
// and its translation.
//
// Positive pointwise mutual information of tokens and groups, reduced by a randomized singular value decomposition
// (https://papers.nips.cc/paper/5477, https://arxiv.org/abs/0909.4061).
// Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>

#include "core/result.h"
#include "train/vocabulary.h"

namespace zubr::train {

struct AssociationOptions {
  double row_norm =
      0.45;              // length of a row; a row from a normal distribution with deviation 0.02 and width 256 has 0.32
  double noise = 0.008;  // deviation of what is added, so that no two rows are equal
  double dropout = 0.12;  // each text is also read with merges left out, so that parts of words learn too
};

// `file`: one group a line, "weight<TAB>text<TAB>text…". Rows of tokens that occur in no group are left as they are in
// `embedding` ([vocabulary, width], float32). Draws from torch's global generator. kNotFound, kCorrupt.
Result<void> associate(const std::filesystem::path& file, const Vocabulary& vocabulary, Encoder& encoder,
                       const AssociationOptions& options, std::uint64_t seed, torch::Tensor embedding);

}  // namespace zubr::train
