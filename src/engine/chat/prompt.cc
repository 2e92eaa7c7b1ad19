#include "engine/chat/prompt.h"

#include <algorithm>
#include <utility>

#include "engine/chat/generic_tools.h"
#include "engine/generate/schema_check.h"

namespace zubr::engine {

namespace {

// Between the parts of a JSON text at most one space: small models otherwise fill an answer with blanks.
std::string with_short_blanks(std::string grammar) {
  constexpr std::string_view kRule = "space ::= ";
  const std::size_t rule = grammar.starts_with(kRule) ? 0 : grammar.find("\n" + std::string(kRule));
  if (rule == std::string::npos) return grammar;
  const std::size_t begin = grammar.find("::= ", rule) + 4;
  grammar.replace(begin, grammar.find('\n', begin) - begin, R"(" "?)");
  return grammar;
}

}  // namespace

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

// What stands in the template's own part of the prompt, and comes from outside.
Result<void> PromptBuilder::check_texts(const inference::GenerateRequest& request) const {
  const Tokenizer& tokenizer = model_->tokenizer();
  const auto check = [&](const std::string& text, std::string_view what) -> Result<void> {
    ZUBR_TRY(tokens, tokenizer.tokenize(text, {.parse_special = true}));
    const auto control = std::ranges::find_if(tokens, [&](Token token) { return tokenizer.is_control(token); });
    if (control == tokens.end()) return {};
    return fail(ErrorCode::kInvalidArgument, "{} have '{}' in them, which is a control token of '{}'; leave it out",
                what, tokenizer.piece(*control, true), model_->name());
  };
  for (const inference::Tool& tool : request.tools) ZUBR_CHECK(check(tool.description + tool.parameters, "the tools"));
  for (const inference::Message& message : request.messages) {
    for (const inference::ToolCall& call : message.tool_calls)
      ZUBR_CHECK(check(call.name + " " + call.arguments, "the calls in the messages"));
  }
  return {};
}

Result<BuiltPrompt> PromptBuilder::tokenized(RenderedPrompt rendered) const {
  BuiltPrompt prompt;
  if (rendered.has_media()) {
    ZUBR_TRY(parts, tokenize_parts(model_->tokenizer(), std::move(rendered)));
    prompt.parts = std::move(parts);
  } else {
    ZUBR_TRY(tokens, tokenize_prompt(model_->tokenizer(), rendered));
    prompt.tokens = std::move(tokens);
  }
  return prompt;
}

Result<BuiltPrompt> PromptBuilder::generic_tools(const inference::GenerateRequest& request) const {
  const ChatTemplate& chat_template = **chat_template_;
  const auto messages =
      describe_tools(request.messages, request.tools, request.tool_choice, chat_template.has_system_role());
  ZUBR_TRY(rendered, chat_template.render(messages, {.thinking = request.thinking}));
  ZUBR_TRY(prompt, tokenized(std::move(rendered)));
  if (request.tools.empty() || request.tool_choice == inference::ToolChoice::kNone) return prompt;
  ZUBR_TRY(schema,
           generic_answer_schema(request.tools, request.tool_choice, request.parallel_tool_calls, request.json_schema));
  ZUBR_TRY(checked, check_schema(schema));
  ZUBR_TRY(grammar, grammar_from_schema(checked));
  prompt.grammar.text = with_short_blanks(std::move(grammar));
  prompt.format = generic_format();
  return prompt;
}

Result<BuiltPrompt> PromptBuilder::chat(const inference::GenerateRequest& request) const {
  if (request.messages.empty())
    return fail(ErrorCode::kInvalidArgument, "the request has no messages; write at least one");
  if (!chat_template_) return fail(chat_template_.error());
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    if (!is_valid_utf8(request.messages[i].content))
      return fail(ErrorCode::kInvalidArgument, "message {} is not UTF-8; send it as UTF-8", i + 1);
    std::size_t before = 0;
    for (const inference::Media& medium : request.messages[i].media) {
      if (medium.bytes.empty() || medium.at < before || medium.at > request.messages[i].content.size())
        return fail(ErrorCode::kInvalidArgument, "message {} has an empty picture, or one at a place that is none",
                    i + 1);
      before = medium.at;
    }
  }
  const ChatTemplate& chat_template = **chat_template_;
  const bool about_tools = !request.tools.empty() || std::ranges::any_of(request.messages, [](const auto& message) {
    return message.role == inference::Role::kTool || !message.tool_calls.empty();
  });
  const bool thinks = request.thinking && !request.json_schema && chat_template.has_thinking();
  if (about_tools && chat_template.present() && !chat_template.has_tools()) return generic_tools(request);
  if (!about_tools && !thinks) {
    ZUBR_TRY(rendered, chat_template.render(request.messages));
    return tokenized(std::move(rendered));
  }
  ZUBR_CHECK(check_texts(request));
  ZUBR_TRY(plan, chat_template.plan(request));
  ZUBR_TRY(prompt, tokenized(std::move(plan.prompt)));
  prompt.grammar = std::move(plan.grammar);
  prompt.format = std::move(plan.format);
  prompt.stops = std::move(plan.stops);
  return prompt;
}

Result<BuiltPrompt> PromptBuilder::build(const inference::GenerateRequest& request) const {
  const int given = (request.raw_prompt ? 1 : 0) + (request.prompt_tokens ? 1 : 0) + (request.messages.empty() ? 0 : 1);
  if (given > 1)
    return fail(ErrorCode::kInvalidArgument,
                "the request has several of messages, a raw prompt and tokens; leave all but one of them out");
  if (request.suffix && !request.raw_prompt)
    return fail(ErrorCode::kInvalidArgument, "the request has a suffix without a raw prompt before it");
  if (request.messages.empty() && !request.tools.empty())
    return fail(ErrorCode::kInvalidArgument, "the request has tools and no messages; tools are for conversations");
  if (!request.raw_prompt && !request.prompt_tokens) return chat(request);
  auto tokens = request.prompt_tokens ? check_tokens(*request.prompt_tokens)
                : request.suffix
                    ? infill(*request.raw_prompt, *request.suffix)
                    : model_->tokenizer().tokenize(*request.raw_prompt, {.add_special = true, .parse_special = true});
  if (!tokens) return fail(tokens.error());
  return BuiltPrompt{*std::move(tokens)};
}

}  // namespace zubr::engine
