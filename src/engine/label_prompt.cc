#include "engine/label_prompt.h"

#include "engine/llama/chat_template.h"
#include "engine/prefix/prompt_parts.h"

namespace zubr::engine {
namespace {

Result<std::string> prompt_text(const std::shared_ptr<const Model>& model, const inference::LabelTask& task) {
  if (task.raw_prompt) return *task.raw_prompt;
  ZUBR_TRY(chat, ChatTemplate::create(model));
  ZUBR_TRY(rendered, chat->render(task.messages, {.plain_text_without_template = true}));
  std::string text = rendered.text();
  if (!chat->present()) text += "\n";
  return text;
}

Result<void> check_model(const Model& model) {
  if (model.is_recurrent() || model.is_hybrid()) {
    return fail(ErrorCode::kUnsupported,
                "model '{}' ({}) keeps a running state instead of a cache, which rows cannot share; use a transformer",
                model.name(), model.architecture());
  }
  if (!model.can_generate()) {
    return fail(ErrorCode::kUnsupported, "model '{}' ({}) does not predict a next token, so it cannot weigh labels",
                model.name(), model.architecture());
  }
  return {};
}

}  // namespace

Result<LabelPrompt> LabelPrompt::build(std::shared_ptr<const Model> model, const inference::LabelTask& task) {
  ZUBR_CHECK(check_model(*model));
  ZUBR_TRY(text, prompt_text(model, task));
  ZUBR_TRY(parts, split_prompt(text, inference::kTextPlaceholder));
  const Tokenizer& tokenizer = model->tokenizer();
  std::vector<Tokens> labels;
  labels.reserve(task.labels.size());
  for (const std::string& label : task.labels) {
    auto tokens = tokenizer.tokenize_continuation(parts.label_prefix + label, false);
    if (!tokens) return fail(tokens.error().context("label '" + label + "'"));
    labels.push_back(std::move(*tokens));
  }
  ZUBR_TRY(trie, LabelTrie::build(labels, task.labels, tokenizer.end_of_answer()));
  LabelPrompt prompt(std::move(model), std::move(trie));
  ZUBR_TRY(shared, tokenizer.tokenize_start(parts.head, true));
  ZUBR_TRY(tail, tokenizer.tokenize_continuation(parts.tail, true));
  prompt.shared_ = std::move(shared);
  prompt.tail_ = std::move(tail);
  prompt.text_prefix_ = std::move(parts.text_prefix);
  const int context = prompt.model_->context_tokens();
  const int fixed = static_cast<int>(prompt.shared_.size()) + prompt.trie_.longest_label();
  prompt.row_tokens_ = context - fixed;
  if (prompt.row_tokens_ <= static_cast<int>(prompt.tail_.size())) {
    return fail(
        ErrorCode::kTooLarge,
        "the instruction ({} tokens), what follows the text ({}) and the longest label ({}) leave no room for a "
        "text in the model's context of {} tokens; shorten the instruction or the labels",
        prompt.shared_.size(), prompt.tail_.size(), prompt.trie_.longest_label(), context);
  }
  return prompt;
}

Result<Tokens> LabelPrompt::row(std::string_view text) const {
  std::string whole;
  whole.reserve(text_prefix_.size() + text.size());
  whole.append(text_prefix_).append(text);
  ZUBR_TRY(tokens, model_->tokenizer().tokenize_continuation(whole, false));
  const std::size_t own = tokens.size();
  tokens.insert(tokens.end(), tail_.begin(), tail_.end());
  if (static_cast<int>(tokens.size()) > row_tokens_) {
    return fail(
        ErrorCode::kTooLarge,
        "the text has {} tokens; at most {} fit into the model's context of {} beside the instruction ({}), what "
        "follows the text ({}) and the longest label ({})",
        own, row_tokens_ - static_cast<int>(tail_.size()), model_->context_tokens(), shared_.size(), tail_.size(),
        trie_.longest_label());
  }
  if (tokens.empty() && shared_.empty()) {
    return fail(ErrorCode::kInvalidArgument, "the text is empty and so is the prompt around it; add an instruction");
  }
  return tokens;
}

}  // namespace zubr::engine
