#include "server/llama_server/completion_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/json/json_fields.h"
#include "server/openai/generate_fields.h"

namespace zubr::server::llama_server {
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxPrompts = 128;
constexpr int kMostProbabilities = 100;
constexpr int kWindow = 64;

bool is_token(const json::value& value) {
  return value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= std::numeric_limits<std::int32_t>::max();
}

bool read_part(const json::value& value, std::vector<PromptPart>& parts) {
  if (const json::string* text = value.if_string())
    parts.emplace_back(std::string(text->data(), text->size()));
  else if (is_token(value))
    parts.emplace_back(static_cast<std::int32_t>(value.get_int64()));
  else
    return false;
  return true;
}

// "text", [1, 2, "text"], or an array of such: several strings in a row are several prompts, as soon as there is no
// token among them.
void read_prompts(JsonFields& fields, CompletionRequest& request) {
  const auto wrong = [&] {
    fields.fail("prompt", "'prompt' must be a string, an array of strings and tokens, or an array of such",
                "invalid_type");
  };
  const json::value* value = fields.find("prompt");
  if (!value) return fields.fail("prompt", "'prompt' is missing", "missing");
  const json::array* list = value->if_array();
  if (!list) {
    if (!read_part(*value, request.prompts.emplace_back())) wrong();
    return;
  }
  if (list->empty()) return wrong();
  const bool one_prompt = std::ranges::any_of(*list, [](const json::value& item) { return item.is_number(); });
  if (one_prompt) {
    auto& parts = request.prompts.emplace_back();
    for (const json::value& item : *list) {
      if (!read_part(item, parts)) return wrong();
    }
    return;
  }
  request.many = list->size() > 1;
  if (list->size() > kMaxPrompts)
    return fields.fail("prompt",
                       fmt::format("'prompt' must hold 1 to {} prompts, it holds {}", kMaxPrompts, list->size()));
  for (const json::value& item : *list) {
    auto& parts = request.prompts.emplace_back();
    if (const json::array* inner = item.if_array()) {
      for (const json::value& part : *inner) {
        if (!read_part(part, parts)) return wrong();
      }
      if (inner->empty()) return wrong();
    } else if (!read_part(item, parts)) {
      return wrong();
    }
  }
}

// {"15": 1.0} as OpenAI has it, or [[15, 1.0], [16, false]].
void read_bias(JsonFields& fields, inference::SamplingOptions& sampling) {
  const json::value* value = fields.find("logit_bias");
  if (!value) return;
  if (value->is_object()) return openai::read_logit_bias(fields, sampling);
  const auto wrong = [&] {
    fields.fail("logit_bias",
                "'logit_bias' must be an object or an array of [token, bias], the bias a number or false");
  };
  const json::array* list = value->if_array();
  if (!list || list->size() > openai::kMaxBiases) return wrong();
  for (const json::value& item : *list) {
    const json::array* pair = item.if_array();
    if (!pair || pair->size() != 2 || !is_token(pair->front())) return wrong();
    const bool forbidden = pair->back() == false;
    boost::system::error_code not_a_number;
    const double bias =
        forbidden ? -std::numeric_limits<double>::infinity() : pair->back().to_number<double>(not_a_number);
    if (not_a_number) return wrong();
    sampling.logit_bias.emplace_back(static_cast<std::int32_t>(pair->front().get_int64()), static_cast<float>(bias));
  }
}

void refuse_unsupported(JsonFields& fields) {
  for (const std::string_view name : {"grammar", "lora", "image_data", "samplers", "response_fields"}) {
    const json::value* value = fields.find(name);
    const bool empty = !value || *value == "" || (value->is_array() && value->get_array().empty());
    if (!empty) fields.fail(name, fmt::format("'{}' is not supported by this server", name), "unsupported");
  }
}

}  // namespace

ApiResult<CompletionRequest> parse_completion(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  CompletionRequest request;
  inference::SamplingOptions& sampling = request.generate.sampling;
  request.generate.model = fields.string("model").value_or("");
  read_prompts(fields, request);
  openai::read_sampling(fields, sampling);
  sampling.typical_p = fields.number("typical_p", 0, 1).value_or(sampling.typical_p);
  const auto window = fields.integer("repeat_last_n", -1, 1 << 30).value_or(kWindow);
  sampling.penalty_window = window < 0 || window > kWindow ? kWindow : static_cast<int>(window);
  read_bias(fields, sampling);
  request.generate.max_tokens =
      static_cast<int>(fields.integer("n_predict", -1, std::numeric_limits<int>::max())
                           .value_or(fields.integer("max_tokens", -1, std::numeric_limits<int>::max()).value_or(-1)));
  openai::read_stop(fields, "stop", request.generate.stop);
  if (const auto count = fields.integer("n_probs", 0, kMostProbabilities).value_or(0); count > 0)
    request.generate.top_logprobs = static_cast<int>(count);
  if (const json::object* schema = fields.object("json_schema"); schema && !schema->empty())
    request.generate.json_schema = json::serialize(*schema);
  refuse_unsupported(fields);
  request.stream = fields.boolean("stream").value_or(false);
  request.return_tokens = fields.boolean("return_tokens").value_or(false);
  if (request.stream && request.many) fields.fail("stream", "a stream answers one prompt", "unsupported");
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

ApiResult<TokenizeFields> parse_tokenize(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  TokenizeFields request;
  request.model = fields.string("model").value_or("");
  request.content = fields.string("content").value_or("");
  request.add_special = fields.boolean("add_special").value_or(false);
  request.parse_special = fields.boolean("parse_special").value_or(true);
  request.with_pieces = fields.boolean("with_pieces").value_or(false);
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

ApiResult<DetokenizeFields> parse_detokenize(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  DetokenizeFields request;
  request.model = fields.string("model").value_or("");
  const json::array* list = fields.array("tokens");
  if (!error && !list) fields.fail("tokens", "'tokens' is missing", "missing");
  if (list) {
    for (const json::value& token : *list) {
      if (!is_token(token)) {
        fields.fail("tokens", fmt::format("'tokens' holds {}, which is no token", json::serialize(token)));
        break;
      }
      request.tokens.push_back(static_cast<std::int32_t>(token.get_int64()));
    }
  }
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

}  // namespace zubr::server::llama_server
