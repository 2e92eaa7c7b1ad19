// From a request to the tokens of its prompt: messages through the model's own chat template, or a raw prompt as it is.
//
// Threads: any.
#pragma once

#include <memory>

#include "core/result.h"
#include "engine/chat/answer_format.h"
#include "engine/llama/chat_template.h"
#include "engine/llama/grammar.h"
#include "engine/llama/model.h"
#include "inference/generation.h"

namespace zubr::engine {

struct BuiltPrompt {
  Tokens tokens;
  std::vector<PromptPart> parts = {};                    // with media: all of it; `tokens` is then empty
  GrammarSpec grammar = {};                              // of tools; empty for none
  std::shared_ptr<const AnswerFormat> format = nullptr;  // null: what the model writes is the answer
  std::vector<std::string> stops = {};                   // besides the request's
};

class PromptBuilder {
 public:
  // A model without a usable template is fine until messages come.
  explicit PromptBuilder(std::shared_ptr<const Model> model);

  const ChatTemplate* chat_template() const { return chat_template_ ? chat_template_->get() : nullptr; }
  bool has_template() const { return chat_template_ && (*chat_template_)->present(); }

  // Control tokens written out ("<|im_end|>") count as such in a raw prompt and in the template, never in a message.
  // A suffix makes it a prompt for the middle: prefix, suffix, middle, as models with such tokens were trained; control
  // tokens written out are text there.
  // Tools go through the template where it knows them, else they are described in a message (generic_tools.h). Control
  // tokens written out in their definitions or in the arguments of earlier calls are refused.
  // kInvalidArgument for a request without any of messages, raw_prompt and prompt_tokens, with several of them, with
  // text that is not UTF-8 or tokens that are none; kUnsupported for messages to a model without a chat template and
  // for a suffix without tokens for it, kCorrupt for a template that cannot be read.
  Result<BuiltPrompt> build(const inference::GenerateRequest& request) const;

 private:
  Result<Tokens> check_tokens(const Tokens& tokens) const;
  Result<BuiltPrompt> tokenized(RenderedPrompt rendered) const;
  Result<BuiltPrompt> chat(const inference::GenerateRequest& request) const;
  Result<BuiltPrompt> generic_tools(const inference::GenerateRequest& request) const;
  Result<void> check_texts(const inference::GenerateRequest& request) const;
  Result<Tokens> infill(const std::string& prefix, const std::string& suffix) const;

  std::shared_ptr<const Model> model_;
  Result<std::shared_ptr<const ChatTemplate>> chat_template_;
};

}  // namespace zubr::engine
