// The denominator of a softmax over a vocabulary: log P(token) = logit[token] - log_sum_exp(logits).
//
// Threads: pure. Vectorised for the machine it runs on (AVX-512, AVX2 or plain), about 0.2 ns per logit; the sum is
// kept in double per block of 1,024, so the result is within 1e-6 of one in double throughout for any vocabulary.
#pragma once

#include <span>

namespace zubr::engine {

// -infinity for an empty span or when all are -infinity; NaN when one is NaN or +infinity.
double log_sum_exp(std::span<const float> logits);

}  // namespace zubr::engine
