#include "engine/chat/prompt.h"

#include <utility>

namespace zubr::engine {

PromptBuilder::PromptBuilder(std::shared_ptr<const Model> model)
    : model_(std::move(model)), chat_template_(ChatTemplate::create(model_)) {}

Result<Tokens> PromptBuilder::check_tokens(const Tokens& tokens) const {
  for (const Token token : tokens) {
    if (token < 0 || token >= model_->tokenizer().size())
      return fail(ErrorCode::kInvalidArgument, "{} is no token of '{}'; its tokens are 0 to {}", token, model_->name(),
                  model_->tokenizer().size() - 1);
  }
  return tokens;
}

Result<Tokens> PromptBuilder::infill(const std::string& prefix, const std::string& suffix) const {
  const Tokenizer& tokenizer = model_->tokenizer();
  if (!tokenizer.can_infill())
    return fail(ErrorCode::kUnsupported,
                "the vocabulary of '{}' has no tokens for filling in the middle; leave out the suffix", model_->name());
  ZUBR_TRY(before, tokenizer.tokenize(prefix, {}));
  ZUBR_TRY(after, tokenizer.tokenize(suffix, {}));
  Tokens prompt;
  if (tokenizer.adds_bos()) prompt.push_back(tokenizer.bos());
  prompt.push_back(tokenizer.infill_prefix());
  prompt.insert(prompt.end(), before.begin(), before.end());
  prompt.push_back(tokenizer.infill_suffix());
  prompt.insert(prompt.end(), after.begin(), after.end());
  prompt.push_back(tokenizer.infill_middle());
  return prompt;
}

Result<Tokens> PromptBuilder::build(const inference::GenerateRequest& request) const {
  const int given = (request.raw_prompt ? 1 : 0) + (request.prompt_tokens ? 1 : 0) + (request.messages.empty() ? 0 : 1);
  if (given > 1)
    return fail(ErrorCode::kInvalidArgument,
                "the request has several of messages, a raw prompt and tokens; leave all but one of them out");
  if (request.suffix && !request.raw_prompt)
    return fail(ErrorCode::kInvalidArgument, "the request has a suffix without a raw prompt before it");
  if (request.prompt_tokens) return check_tokens(*request.prompt_tokens);
  if (request.suffix) return infill(*request.raw_prompt, *request.suffix);
  if (request.raw_prompt)
    return model_->tokenizer().tokenize(*request.raw_prompt, {.add_special = true, .parse_special = true});
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
