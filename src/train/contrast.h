// Sharpens an embedding matrix until a text's tokens lie near those of the label it belongs to: the texts and labels of
// training samples as bags of tokens, the cosine of their means as score, cross-entropy over the labels that the sample
// offers. A minute of this gives a decoder's first layers what would take hours to find through it
// (the idea is StarSpace's, https://arxiv.org/abs/1709.03856).
//
// Pure apart from reading the corpus; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/result.h"
#include "train/corpus.h"

namespace zubr::train {

struct ContrastOptions {
  std::int64_t samples = 200000;
  double rate = 0.1;          // of Adagrad, per row of the matrix
  double sharpness = 12;      // what scores are multiplied with
  double word_dropout = 0.1;  // share of a text's tokens left out, so that no word answers alone
  std::uint64_t seed = 1;
};

struct ContrastProgress {
  std::int64_t samples = 0;
  double loss = 0;      // both since the last report
  double accuracy = 0;  // 0..1
};

// `embedding`: [vocabulary, width] by rows, changed in place; rows come out with length 1. Reports every 10,000
// samples.
Result<void> contrast(Corpus& corpus, TokenId assistant, const ContrastOptions& options, std::int64_t width,
                      std::span<float> embedding, const std::function<void(const ContrastProgress&)>& report);

}  // namespace zubr::train
