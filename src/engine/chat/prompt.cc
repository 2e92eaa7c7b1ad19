#include "engine/chat/prompt.h"

#include <utility>

namespace zubr::engine {

PromptBuilder::PromptBuilder(std::shared_ptr<const Model> model)
    : model_(std::move(model)), chat_template_(ChatTemplate::create(model_)) {}

Result<Tokens> PromptBuilder::build(const inference::GenerateRequest& request) const {
  if (request.raw_prompt) {
    if (!request.messages.empty())
      return fail(ErrorCode::kInvalidArgument, "the request has both messages and a raw prompt; leave one of them out");
    return model_->tokenizer().tokenize(*request.raw_prompt, {.add_special = true, .parse_special = true});
  }
  if (request.messages.empty())
    return fail(ErrorCode::kInvalidArgument, "the request has no messages; write at least one");
  if (!chat_template_) return fail(chat_template_.error());
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    if (!is_valid_utf8(request.messages[i].content))
      return fail(ErrorCode::kInvalidArgument, "message {} is not UTF-8; send it as UTF-8", i + 1);
  }
  ZUBR_TRY(rendered, (*chat_template_)->render(request.messages));
  return tokenize_prompt(model_->tokenizer(), rendered);
}

}  // namespace zubr::engine
