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

  const ChatTemplate* chat_template() const { return chat_template_ ? chat_template_->get() : nullptr; }

  // Control tokens written out ("<|im_end|>") count as such in a raw prompt and in the template, never in a message.
  // A suffix makes it a prompt for the middle: prefix, suffix, middle, as models with such tokens were trained; control
  // tokens written out are text there.
  // kInvalidArgument for a request without any of messages, raw_prompt and prompt_tokens, with several of them, with
  // text that is not UTF-8 or tokens that are none; kUnsupported for messages to a model without a chat template and
  // for a suffix without tokens for it, kCorrupt for a template that cannot be read.
  Result<Tokens> build(const inference::GenerateRequest& request) const;

 private:
  Result<Tokens> check_tokens(const Tokens& tokens) const;
  Result<Tokens> infill(const std::string& prefix, const std::string& suffix) const;

  std::shared_ptr<const Model> model_;
  Result<std::shared_ptr<const ChatTemplate>> chat_template_;
};

}  // namespace zubr::engine
