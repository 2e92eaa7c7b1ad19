// A conversation as tokens: what stands before an answer, and the answer, which alone is learned. The prompt is
// rendered and tokenised by the code that serves the model, so training and serving cannot differ.
//
// Each answer of a conversation is an example of its own, after all that stands before it.
// Threads: immutable; any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "train/packing.h"
#include "train/tune/dialogue.h"

namespace zubr::train {

struct Example {
  std::int64_t row = 0;  // of the data file, from 1
  std::vector<TokenId> prompt;
  std::vector<TokenId> answer;  // with the token that ends it
  std::uint64_t key = 0;        // of the prompt's text, without regard to case and blanks

  std::int64_t size() const { return static_cast<std::int64_t>(prompt.size() + answer.size()); }
  bool operator==(const Example&) const = default;
};

// For the packer: the prompt weighs nothing, the answer 1.
Sample sample_of(const Example& example);

class ExampleMaker {
 public:
  // Reads the vocabulary and the chat template of a model; not its weights. Errors of engine::Model::load().
  static Result<ExampleMaker> open(const std::filesystem::path& model);

  // kInvalidArgument where the template refuses the messages; kUnsupported for more than a prompt and an answer to a
  // model without a chat template, which gets them one after the other.
  Result<std::vector<Example>> examples(const Dialogue& dialogue) const;

  bool has_template() const;
  int context_tokens() const;  // that the model was trained for; 0 = unknown
  // The text of tokens, control tokens written out; for previews.
  std::string text(std::span<const TokenId> tokens) const;

 private:
  struct Parts;
  explicit ExampleMaker(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  Result<Example> example(std::span<const inference::Message> before, const inference::Message& answer) const;

  std::shared_ptr<const Parts> parts_;  // of copies
};

}  // namespace zubr::train
