// The log-probabilities of a step's tokens, for who asks how sure the model was. Pure.
#pragma once

#include <span>

#include "engine/llama/tokenizer.h"
#include "inference/generation.h"

namespace zubr::engine {

// Stands for minus infinity, which JSON does not have. OpenAI's choice.
inline constexpr float kLeastLogprob = -9999.0f;

// `logits`: one per token of the vocabulary, as the model gave them. `top`: how many of the most probable ones to list;
// ties by number.
inference::TokenLogprobs read_logprobs(std::span<const float> logits, Token chosen, int top,
                                       const Tokenizer& tokenizer);

}  // namespace zubr::engine
