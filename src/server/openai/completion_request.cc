#include "server/openai/completion_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/json/json_fields.h"
#include "server/openai/generate_fields.h"

namespace zubr::server::openai {
namespace json = boost::json;

namespace {

constexpr int kDefaultMaxTokens = 16;  // OpenAI's
constexpr int kMostLogprobs = 20;

bool all_integers(const json::array& list) {
  return !list.empty() && std::ranges::all_of(list, [](const json::value& item) { return item.is_int64(); });
}

CompletionRequest::Prompt read_prompt(const json::value& value, const std::string& path,
                                      std::optional<ApiError>& error) {
  CompletionRequest::Prompt prompt;
  const auto fail = [&](std::string message, std::string code) {
    if (!error) error = bad_field(path, std::move(message), std::move(code));
  };
  if (const json::string* text = value.if_string()) {
    prompt.text = std::string(text->data(), text->size());
  } else if (const json::array* tokens = value.if_array(); tokens && all_integers(*tokens)) {
    for (const json::value& token : *tokens) {
      if (token.get_int64() < 0 || token.get_int64() > std::numeric_limits<std::int32_t>::max())
        fail(fmt::format("'{}' holds {}, which is no token", path, token.get_int64()), "invalid_value");
      else
        prompt.tokens.push_back(static_cast<std::int32_t>(token.get_int64()));
    }
  } else {
    fail(fmt::format("'{}' must be a string or an array of tokens", path), "invalid_type");
  }
  return prompt;
}

void read_prompts(JsonFields& fields, CompletionRequest& request, std::optional<ApiError>& error) {
  const json::value* value = fields.find("prompt");
  if (!value) return fields.fail("prompt", "'prompt' is missing", "missing");
  const json::array* list = value->if_array();
  if (!list || all_integers(*list)) {
    request.prompts.push_back(read_prompt(*value, "prompt", error));
    return;
  }
  if (list->empty() || list->size() > kMaxPrompts)
    return fields.fail("prompt",
                       fmt::format("'prompt' must hold 1 to {} prompts, it holds {}", kMaxPrompts, list->size()));
  for (std::size_t i = 0; i < list->size() && !error; ++i)
    request.prompts.push_back(read_prompt((*list)[i], fmt::format("prompt[{}]", i), error));
}

void check_together(JsonFields& fields, const CompletionRequest& request) {
  if (request.generate.suffix && std::ranges::any_of(request.prompts, [](const auto& one) { return !one.text; }))
    fields.fail("suffix", "'suffix' needs a prompt that is text", "unsupported");
  if (request.echo && request.generate.top_logprobs >= 0)
    fields.fail("logprobs", fmt::format("'logprobs' of an echoed prompt are {}", kNotYet), "unsupported");
  if (request.echo && request.generate.suffix)
    fields.fail("echo", "'echo' and 'suffix' do not go together", "unsupported");
}

}  // namespace

ApiResult<CompletionRequest> parse_completion_request(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  CompletionRequest request;
  auto& generate = request.generate;
  generate.model = fields.string("model").value_or("");
  read_prompts(fields, request, error);
  read_sampling(fields, generate.sampling);
  read_logit_bias(fields, generate.sampling);
  read_adapters(fields, error, generate.adapters);
  generate.max_tokens =
      static_cast<int>(fields.integer("max_tokens", -1, std::numeric_limits<int>::max()).value_or(kDefaultMaxTokens));
  read_stop(fields, "stop", generate.stop);
  generate.suffix = fields.string("suffix");
  if (generate.suffix && generate.suffix->empty()) generate.suffix.reset();
  generate.top_logprobs = static_cast<int>(fields.integer("logprobs", 0, kMostLogprobs).value_or(-1));
  request.choices = static_cast<int>(fields.integer("n", 1, limits.choices).value_or(1));
  if (fields.integer("best_of", 1, limits.choices).value_or(request.choices) != request.choices)
    fields.fail("best_of", fmt::format("'best_of' other than 'n' is {}", kNotYet), "unsupported");
  request.echo = fields.boolean("echo").value_or(false);
  request.stream = fields.boolean("stream").value_or(false);
  if (const json::object* options = fields.object("stream_options")) {
    JsonFields stream_fields(*options, "stream_options.", error);
    request.include_usage = stream_fields.boolean("include_usage").value_or(false);
    if (!request.stream) fields.fail("stream_options", "'stream_options' needs 'stream': true");
  }
  check_together(fields, request);
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

}  // namespace zubr::server::openai
