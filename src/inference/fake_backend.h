// A Backend without a model, for tests and for measuring everything around a model.
//
// Its answers are a pure function of the input (a hash), so a test can say beforehand what must come out. A token is a
// byte of the prompt and a character of the answer. Where a tool call is required, it calls the first tool with {"a":1}
// in two pieces. Log-probabilities are -0.5 for what was said and -1, -2 … for "a", "b" ….
#pragma once

#include "inference/backend.h"

namespace zubr::inference {

struct FakeOptions {
  int context_tokens = 4096;             // a token is a byte here
  std::string answer = "Hello, świat";   // what generate() says, character by character
  std::chrono::microseconds per_row{0};  // time that score() takes for each row
};

class FakeBackend : public Backend {
 public:
  explicit FakeBackend(FakeOptions options = {});

  ModelInfo info() const override;
  Result<Generation> generate(const GenerateRequest& request, const EventSink& sink, std::stop_token stop) override;
  Result<std::vector<Result<Embedding>>> embed(const EmbedRequest& request, std::stop_token stop) override;
  Result<std::unique_ptr<LabelScorer>> open_labels(const LabelTask& task, std::stop_token stop) override;
  Result<std::vector<std::string>> label_codes(std::size_t count) override;

  Result<std::vector<std::int32_t>> tokenize(const TokenizeRequest& request) override;
  Result<std::string> detokenize(std::span<const std::int32_t> tokens) override;
  Result<Prompt> render(const GenerateRequest& request) override;

  // The log-probability that score() gives this label for this text.
  static float log_prob(std::string_view text, std::string_view label);

 private:
  FakeOptions options_;
};

}  // namespace zubr::inference
