#include "providers/wire/open_ai_request.h"

#include <cmath>

#include "providers/wire/json_reading.h"

namespace zubr::providers {
namespace json = boost::json;
namespace {

using inference::GenerateRequest;
using inference::Message;
using inference::Role;

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kUser: return "user";
    case Role::kAssistant: return "assistant";
    case Role::kTool: return "tool";
  }
  return "user";
}

json::object message_json(const Message& message) {
  json::object object{{"role", role_name(message.role)}};
  if (message.content.empty() && !message.tool_calls.empty())
    object["content"] = nullptr;
  else
    object["content"] = message.content;
  if (!message.tool_calls.empty()) {
    json::array calls;
    for (const inference::ToolCall& call : message.tool_calls)
      calls.push_back(json::object{{"id", call.id},
                                   {"type", "function"},
                                   {"function", json::object{{"name", call.name}, {"arguments", call.arguments}}}});
    object["tool_calls"] = std::move(calls);
  }
  if (message.role == Role::kTool) object["tool_call_id"] = message.tool_call_id;
  return object;
}

UpstreamResult<void> add_tools(const Provider& provider, const GenerateRequest& request, json::object& body) {
  if (request.tools.empty()) return {};
  json::array tools;
  for (const inference::Tool& tool : request.tools) {
    json::object function{{"name", tool.name}};
    if (!tool.description.empty()) function["description"] = tool.description;
    json::value parameters = json::object{{"type", "object"}, {"properties", json::object{}}};
    if (!tool.parameters.empty()) {
      auto parsed = read_own_json(tool.parameters, "tools.parameters");
      if (!parsed) return tl::unexpected(parsed.error());
      parameters = std::move(*parsed);
    }
    function["parameters"] = std::move(parameters);
    if (tool.strict) function["strict"] = true;
    tools.push_back(json::object{{"type", "function"}, {"function", std::move(function)}});
  }
  body["tools"] = std::move(tools);
  if (request.tool_choice == inference::ToolChoice::kNone) body["tool_choice"] = "none";
  if (request.tool_choice == inference::ToolChoice::kRequired) body["tool_choice"] = "required";
  if (!request.parallel_tool_calls && (provider.features & kParallelTools) != 0) body["parallel_tool_calls"] = false;
  return {};
}

// A value that is SamplingOptions' default was not asked for; one that is off needs no word.
void add_sampling(const Provider& provider, const GenerateRequest& request, json::object& body) {
  const inference::SamplingOptions asked = request.sampling, usual;
  const auto may = [&](Feature feature) { return (provider.features & feature) != 0; };
  if (asked.temperature != usual.temperature) body["temperature"] = asked.temperature;
  if (asked.top_p != usual.top_p && asked.top_p != 1) body["top_p"] = asked.top_p;
  if (may(kTopK) && asked.top_k != usual.top_k && asked.top_k != 0) body["top_k"] = asked.top_k;
  if (may(kMinP) && asked.min_p != usual.min_p && asked.min_p != 0) body["min_p"] = asked.min_p;
  if (may(kTypicalP) && asked.typical_p != usual.typical_p) body["typical_p"] = asked.typical_p;
  if (may(kRepeatPenalty) && asked.repeat_penalty != usual.repeat_penalty)
    body["repetition_penalty"] = asked.repeat_penalty;
  if (may(kPenalties) && asked.presence_penalty != 0) body["presence_penalty"] = asked.presence_penalty;
  if (may(kPenalties) && asked.frequency_penalty != 0) body["frequency_penalty"] = asked.frequency_penalty;
  if (may(kSeed) && asked.seed) body["seed"] = *asked.seed;
  if (!asked.logit_bias.empty()) {
    constexpr double kForbidden = -100;
    json::object bias;
    for (const auto& [token, value] : asked.logit_bias)
      bias[std::to_string(token)] = std::isinf(value) ? kForbidden : static_cast<double>(value);
    body["logit_bias"] = std::move(bias);
  }
}

UpstreamResult<json::object> common_fields(const Provider& provider, const std::string& model,
                                           const GenerateRequest& request) {
  json::object body{{"model", model}, {"stream", true}};
  if ((provider.features & kStreamUsage) != 0) body["stream_options"] = json::object{{"include_usage", true}};
  int max_tokens = request.max_tokens;
  if (max_tokens < 0) max_tokens = provider.limits.default_max_tokens > 0 ? provider.limits.default_max_tokens : -1;
  if (max_tokens >= 0) body[provider.max_tokens_field] = max_tokens;
  if (!request.stop.empty()) body["stop"] = json::value_from(request.stop);
  add_sampling(provider, request, body);
  return body;
}

}  // namespace

UpstreamResult<WireRequest> open_ai_chat(const Provider& provider, const std::string& model,
                                         const GenerateRequest& request) {
  auto body = common_fields(provider, model, request);
  if (!body) return tl::unexpected(body.error());
  json::array messages;
  for (const Message& message : request.messages) messages.push_back(message_json(message));
  (*body)["messages"] = std::move(messages);
  if (auto added = add_tools(provider, request, *body); !added) return tl::unexpected(added.error());
  if (request.json_schema) {
    auto schema = read_own_json(*request.json_schema, "json_schema");
    if (!schema) return tl::unexpected(schema.error());
    (*body)["response_format"] = json::object{
        {"type", "json_schema"},
        {"json_schema", json::object{{"name", "answer"}, {"strict", true}, {"schema", std::move(*schema)}}}};
  }
  if (request.top_logprobs >= 0) {
    (*body)["logprobs"] = true;
    (*body)["top_logprobs"] = request.top_logprobs;
  }
  if (request.thinking && (provider.features & kReasoning) != 0) (*body)["reasoning_effort"] = "medium";
  return WireRequest{"/chat/completions", json::serialize(*body)};
}

UpstreamResult<WireRequest> open_ai_completion(const Provider& provider, const std::string& model,
                                               const GenerateRequest& request) {
  Provider plain = provider;
  plain.max_tokens_field = "max_tokens";  // this route never had another name for it
  auto body = common_fields(plain, model, request);
  if (!body) return tl::unexpected(body.error());
  (*body)["prompt"] = *request.raw_prompt;
  if (request.suffix) (*body)["suffix"] = *request.suffix;
  return WireRequest{"/completions", json::serialize(*body)};
}

}  // namespace zubr::providers
