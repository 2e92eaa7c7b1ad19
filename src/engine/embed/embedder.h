// Embedder: texts to vectors, with embedding models (their own pooling) and with generating models (the mean of the
// last layer's vectors over a text's tokens).
//
// Several texts go through the model in one evaluation. One thread of its own holds the context and comes into being
// with the first call; callers wait for it in turn.
//
// Threads: embed() from any thread at once.
// Failure: a text that is not UTF-8, empty of tokens, or longer than max_tokens() has an error of its own (kTooLarge
// with both numbers). kUnsupported for models that have no embeddings; kCancelled; kOutOfMemory.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "core/result.h"
#include "engine/llama/model.h"
#include "inference/embedding.h"

namespace zubr::engine {

struct EmbedderOptions {
  int texts_per_step = 32;  // sequences evaluated together
  int step_tokens = 2048;   // tokens evaluated together
};

class Embedder {
 public:
  explicit Embedder(std::shared_ptr<const Model> model, EmbedderOptions options = {});
  ~Embedder();
  Embedder(const Embedder&) = delete;
  Embedder& operator=(const Embedder&) = delete;

  bool supported() const;
  // The longest text. Models whose tokens all see each other, and models that pool by themselves, evaluate a text in
  // one piece, which is bounded.
  int max_tokens() const;

  // One result per text, in order.
  Result<std::vector<Result<inference::Embedding>>> embed(const inference::EmbedRequest& request, std::stop_token stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zubr::engine
