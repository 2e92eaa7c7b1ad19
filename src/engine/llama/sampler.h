// Sampler: picks the next token of one answer, by llama-common: penalties, temperature, top_k, top_p, min_p, seed, and
// a grammar if there is one. Temperature 0 always takes the most probable token.
//
// Threads: create() on any; then one at a time. Exceptions of llama-common end here.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/result.h"
#include "engine/llama/grammar.h"
#include "engine/llama/model.h"
#include "inference/generation.h"

struct llama_context;

namespace zubr::engine {

class Sampler {
 public:
  // kInvalidArgument for options out of range or a grammar that does not parse.
  static Result<std::unique_ptr<Sampler>> create(std::shared_ptr<const Model> model,
                                                 const inference::SamplingOptions& options, const GrammarSpec& grammar);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  // The prompt counts for the penalties; a grammar does not see it.
  void accept_prompt(std::span<const Token> prompt);

  // Picks from the logits of the context's last decode at batch position `index`, and remembers the pick. kInternal
  // when the vocabulary has no token that the grammar allows.
  Result<Token> sample(llama_context* context, int index);

 private:
  struct Handle;
  Sampler();
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace zubr::engine
