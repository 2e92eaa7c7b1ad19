// From a request to the tokens of its prompt: messages through the model's own chat template, or a raw prompt as it is.
//
// Threads: any.
#pragma once

#include <memory>

#include "core/result.h"
#include "engine/llama/chat_template.h"
#include "engine/llama/model.h"
#include "inference/generation.h"

namespace zubr::engine {

class PromptBuilder {
 public:
  // A model without a usable template is fine until messages come.
  explicit PromptBuilder(std::shared_ptr<const Model> model);

  bool has_template() const { return chat_template_ && (*chat_template_)->present(); }

  // Control tokens written out ("<|im_end|>") count as such in a raw prompt and in the template, never in a message.
  // kInvalidArgument for a request with neither messages nor raw_prompt, with both, or with text that is not UTF-8;
  // kUnsupported for messages to a model without a chat template, kCorrupt for one with a template that cannot be read.
  Result<Tokens> build(const inference::GenerateRequest& request) const;

 private:
  std::shared_ptr<const Model> model_;
  Result<std::shared_ptr<const ChatTemplate>> chat_template_;
};

}  // namespace zubr::engine
