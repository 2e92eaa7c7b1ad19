#include "engine/llama/chat_template.h"

#include <chat.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

using inference::Message;
using inference::Role;

// Stands for a message's content while the template runs. Letters and digits only, so that no filter changes it.
std::string stand_in(std::size_t index) { return "Zq7Content" + std::to_string(index) + "Stand9xIn"; }

const char* role_name(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
    case Role::kTool: return "tool";
  }
  return "user";
}

RenderedPrompt plain_text(std::span<const Message> messages) {
  RenderedPrompt prompt;
  for (const Message& message : messages) {
    if (!prompt.pieces.empty()) prompt.pieces.push_back({"\n\n", true});
    prompt.pieces.push_back({message.content, false});
  }
  return prompt;
}

// Cuts the rendered text at the stand-ins and puts the contents in their place. Spaces before a content go with it, so
// that " word" stays one token.
Result<RenderedPrompt> put_contents_back(std::string_view text, std::span<const Message> messages) {
  RenderedPrompt prompt;
  std::vector<bool> seen(messages.size(), false);
  std::size_t begin = 0;
  while (begin <= text.size()) {
    std::size_t at = std::string_view::npos, index = 0, length = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string mark = stand_in(i);
      const auto found = text.find(mark, begin);
      if (found < at) {
        at = found;
        index = i;
        length = mark.size();
      }
    }
    std::string before(text.substr(begin, at == std::string_view::npos ? at : at - begin));
    if (at == std::string_view::npos) {
      if (!before.empty()) prompt.pieces.push_back({std::move(before), true});
      break;
    }
    const auto last = before.find_last_not_of(' ');
    const std::size_t keep = last == std::string::npos ? 0 : last + 1;
    const std::string spaces = before.substr(keep);
    before.resize(keep);
    if (!before.empty()) prompt.pieces.push_back({std::move(before), true});
    prompt.pieces.push_back({spaces + messages[index].content, false});
    seen[index] = true;
    begin = at + length;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i] && !messages[i].content.empty()) {
      return fail(ErrorCode::kUnsupported,
                  "the model's chat template has no place for message {} (role {}); move its text into a user message",
                  i + 1, role_name(messages[i].role));
    }
  }
  return prompt;
}

}  // namespace

std::string RenderedPrompt::text() const {
  std::string all;
  for (const PromptPiece& piece : pieces) all += piece.text;
  return all;
}

struct ChatTemplate::Parsed {
  common_chat_templates_ptr templates;
  mutable std::mutex mutex;  // the Jinja interpreter keeps state in the parsed program
};

ChatTemplate::ChatTemplate() = default;
ChatTemplate::~ChatTemplate() = default;

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::create(std::shared_ptr<const Model> model) {
  std::shared_ptr<ChatTemplate> result(new ChatTemplate);
  if (model->chat_template()) {
    LogCapture log;
    try {
      result->parsed_ = std::make_unique<Parsed>();
      result->parsed_->templates = common_chat_templates_init(model->handle(), "");
    } catch (const std::exception& error) {
      return fail(ErrorCode::kCorrupt, "the chat template of model '{}' cannot be read: {}", model->name(),
                  error.what());
    }
  }
  result->model_ = std::move(model);
  return std::shared_ptr<const ChatTemplate>(std::move(result));
}

bool ChatTemplate::present() const { return parsed_ != nullptr; }

Result<std::string> ChatTemplate::apply(std::span<const Message> messages, const RenderOptions& options) const {
  common_chat_templates_inputs inputs;
  inputs.add_generation_prompt = options.add_generation_prompt;
  inputs.enable_thinking = options.thinking;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    common_chat_msg message;
    message.role = role_name(messages[i].role);
    message.content = stand_in(i);
    inputs.messages.push_back(std::move(message));
  }
  LogCapture log;
  try {
    std::lock_guard lock(parsed_->mutex);
    return common_chat_templates_apply(parsed_->templates.get(), inputs).prompt;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "the chat template of model '{}' refuses these messages: {}",
                model_->name(), error.what());
  }
}

Result<RenderedPrompt> ChatTemplate::render(std::span<const Message> messages, const RenderOptions& options) const {
  if (messages.empty()) return fail(ErrorCode::kInvalidArgument, "there are no messages; give at least one");
  if (!parsed_) {
    if (options.plain_text_without_template) return plain_text(messages);
    return fail(ErrorCode::kUnsupported,
                "model '{}' has no chat template (it is a base model); give a raw prompt, or use a model made for chat",
                model_->name());
  }
  ZUBR_TRY(text, apply(messages, options));
  return put_contents_back(text, messages);
}

Result<Tokens> tokenize_prompt(const Tokenizer& tokenizer, const RenderedPrompt& prompt) {
  Tokens tokens;
  bool first = true;
  for (const PromptPiece& piece : prompt.pieces) {
    auto more = first ? tokenizer.tokenize_start(piece.text, piece.from_template)
                      : tokenizer.tokenize_continuation(piece.text, piece.from_template);
    if (!more) return fail(more.error());
    tokens.insert(tokens.end(), more->begin(), more->end());
    first = false;
  }
  return tokens;
}

}  // namespace zubr::engine
