#include "engine/llama/chat_template.h"

#include <chat.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include "engine/chat/tool_schema.h"
#include "engine/generate/schema_check.h"
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

std::vector<common_chat_msg> messages_with_stand_ins(std::span<const Message> messages) {
  std::vector<common_chat_msg> result;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    common_chat_msg made;
    made.role = role_name(message.role);
    // Templates write a call beside a text differently from a call alone.
    if (message.tool_calls.empty() || !message.content.empty()) made.content = stand_in(i);
    for (const inference::ToolCall& call : message.tool_calls)
      made.tool_calls.push_back({call.name, call.arguments, call.id});
    made.tool_call_id = message.tool_call_id;
    made.tool_name = message.tool_name;
    result.push_back(std::move(made));
  }
  return result;
}

// The content with what stands in it: text, medium, text.
void add_content(const Message& message, const std::string& spaces, RenderedPrompt& prompt) {
  std::size_t begin = 0;
  std::string text = spaces;
  for (const inference::Media& medium : message.media) {
    text += message.content.substr(begin, medium.at - begin);
    begin = medium.at;
    if (!text.empty()) prompt.pieces.push_back({std::exchange(text, {}), false});
    prompt.pieces.push_back({.text = medium.bytes, .from_template = false, .medium = true});
  }
  text += message.content.substr(begin);
  if (!text.empty() || message.media.empty()) prompt.pieces.push_back({std::move(text), false});
}

RenderedPrompt plain_text(std::span<const Message> messages) {
  RenderedPrompt prompt;
  for (const Message& message : messages) {
    if (!prompt.pieces.empty()) prompt.pieces.push_back({"\n\n", true});
    add_content(message, "", prompt);
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
    add_content(messages[index], spaces, prompt);
    seen[index] = true;
    begin = at + length;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i] && !(messages[i].content.empty() && messages[i].media.empty())) {
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
  for (const PromptPiece& piece : pieces) {
    if (!piece.medium) all += piece.text;
  }
  return all;
}

bool RenderedPrompt::has_media() const { return std::ranges::any_of(pieces, &PromptPiece::medium); }

struct ChatTemplate::Parsed {
  common_chat_templates_ptr templates;
  mutable std::mutex mutex;  // the Jinja interpreter keeps state in the parsed program
};

ChatTemplate::ChatTemplate() = default;
ChatTemplate::~ChatTemplate() = default;

Result<std::shared_ptr<const ChatTemplate>> ChatTemplate::create(std::shared_ptr<const Model> model,
                                                                 const std::string& source) {
  std::shared_ptr<ChatTemplate> result(new ChatTemplate);
  if (model->chat_template() || !source.empty()) {
    LogCapture log;
    try {
      result->parsed_ = std::make_unique<Parsed>();
      const bool other = source.empty() && model->has_other_chat_template();
      result->parsed_->templates =
          common_chat_templates_init(model->handle(), other ? *model->chat_template() : source);
      const auto* templates = result->parsed_->templates.get();
      auto caps = common_chat_templates_get_caps(templates);
      result->has_tools_ = caps["supports_tools"] && caps["supports_tool_calls"];
      result->has_system_role_ = caps["supports_system_role"];
      result->has_thinking_ = common_chat_templates_support_enable_thinking(templates);
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
  inputs.messages = messages_with_stand_ins(messages);
  LogCapture log;
  try {
    std::lock_guard lock(parsed_->mutex);
    return common_chat_templates_apply(parsed_->templates.get(), inputs).prompt;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "the chat template of model '{}' refuses these messages: {}",
                model_->name(), error.what());
  }
}

namespace {

// An answer as llama-common's parser for this template reads it.
class TemplateFormat : public AnswerFormat {
 public:
  explicit TemplateFormat(common_chat_parser_params params) : params_(std::move(params)) {}

  Result<ReadAnswer> read(std::string_view written, bool whole) const override {
    LogCapture log;
    try {
      common_chat_msg message = common_chat_parse(std::string(written), !whole, params_);
      ReadAnswer answer{std::move(message.content), std::move(message.reasoning_content), {}};
      for (auto& call : message.tool_calls)
        answer.calls.push_back({std::move(call.id), std::move(call.name), std::move(call.arguments)});
      return answer;
    } catch (const std::exception& error) {
      return fail(ErrorCode::kInternal, "the model's answer is not in the form of its chat template: {}", error.what());
    }
  }

 private:
  const common_chat_parser_params params_;
};

GrammarSpec grammar_of(const common_chat_params& params, const Tokenizer& tokenizer) {
  using Kind = GrammarSpec::Trigger::Kind;
  GrammarSpec grammar{.text = params.grammar, .lazy = params.grammar_lazy, .prompt_end = params.generation_prompt};
  const auto single = [&](const std::string& text) -> Token {
    const auto tokens = tokenizer.tokenize(text, {.parse_special = true});
    return tokens && tokens->size() == 1 ? tokens->front() : kNoToken;
  };
  for (const std::string& text : params.preserved_tokens) {
    if (const Token token = single(text); token != kNoToken) grammar.shown.push_back(token);
  }
  for (const common_grammar_trigger& trigger : params.grammar_triggers) {
    const Token token = trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD ? single(trigger.value) : trigger.token;
    const Kind kind = token != kNoToken                                     ? Kind::kToken
                      : trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD    ? Kind::kWord
                      : trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN ? Kind::kPattern
                                                                            : Kind::kWholePattern;
    if (kind == Kind::kToken && std::ranges::find(grammar.shown, token) == grammar.shown.end())
      grammar.shown.push_back(token);
    grammar.triggers.push_back({kind, trigger.value, token});
  }
  return grammar;
}

}  // namespace

Result<ChatPlan> ChatTemplate::plan(const inference::GenerateRequest& request) const {
  common_chat_templates_inputs inputs;
  inputs.enable_thinking = request.thinking;
  inputs.reasoning_format = request.thinking ? COMMON_REASONING_FORMAT_DEEPSEEK : COMMON_REASONING_FORMAT_NONE;
  inputs.parallel_tool_calls = request.parallel_tool_calls;
  inputs.tool_choice = request.tool_choice == inference::ToolChoice::kNone       ? COMMON_CHAT_TOOL_CHOICE_NONE
                       : request.tool_choice == inference::ToolChoice::kRequired ? COMMON_CHAT_TOOL_CHOICE_REQUIRED
                                                                                 : COMMON_CHAT_TOOL_CHOICE_AUTO;
  for (const inference::Tool& tool : request.tools) {
    ZUBR_TRY(parameters, enforceable_parameters(tool));
    inputs.tools.push_back({tool.name, tool.description, std::move(parameters)});
  }
  if (request.json_schema) {
    ZUBR_TRY(schema, check_schema(*request.json_schema));
    inputs.json_schema = std::move(schema);
  }
  inputs.messages = messages_with_stand_ins(request.messages);
  LogCapture log;
  try {
    common_chat_params params;
    {
      std::lock_guard lock(parsed_->mutex);
      params = common_chat_templates_apply(parsed_->templates.get(), inputs);
    }
    ZUBR_TRY(prompt, put_contents_back(params.prompt, request.messages));
    common_chat_parser_params reading(params);
    reading.reasoning_format = inputs.reasoning_format;
    reading.parse_tool_calls = !inputs.tools.empty() && inputs.tool_choice != COMMON_CHAT_TOOL_CHOICE_NONE;
    if (!params.parser.empty()) reading.parser.load(params.parser);
    return ChatPlan{std::move(prompt), grammar_of(params, model_->tokenizer()),
                    std::make_shared<TemplateFormat>(std::move(reading)), std::move(params.additional_stops)};
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "the chat template of model '{}' refuses these messages and tools: {}",
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
    if (piece.medium) continue;
    auto more = first ? tokenizer.tokenize_start(piece.text, piece.from_template)
                      : tokenizer.tokenize_continuation(piece.text, piece.from_template);
    if (!more) return fail(more.error());
    tokens.insert(tokens.end(), more->begin(), more->end());
    first = false;
  }
  return tokens;
}

Result<std::vector<PromptPart>> tokenize_parts(const Tokenizer& tokenizer, RenderedPrompt prompt) {
  std::vector<PromptPart> parts;
  bool first = true;
  for (PromptPiece& piece : prompt.pieces) {
    if (piece.medium) {
      if (std::exchange(first, false)) {
        ZUBR_TRY(begin, tokenizer.tokenize_start("", true));
        if (!begin.empty()) parts.push_back({.tokens = std::move(begin)});
      }
      parts.push_back({.medium = std::move(piece.text)});
      continue;
    }
    ZUBR_TRY(tokens, std::exchange(first, false) ? tokenizer.tokenize_start(piece.text, piece.from_template)
                                                 : tokenizer.tokenize_continuation(piece.text, piece.from_template));
    if (parts.empty() || !parts.back().medium.empty()) parts.emplace_back();
    parts.back().tokens.insert(parts.back().tokens.end(), tokens.begin(), tokens.end());
  }
  return parts;
}

}  // namespace zubr::engine
