#include "router/endpoint.h"

#include <algorithm>

#include "providers/upstream.h"

namespace zubr::router {
namespace {
constexpr std::int64_t kTokensAroundAMessage = 8;
constexpr std::int64_t kTokensAroundAPrompt = 64;
}  // namespace

std::string Endpoint::name() const { return provider + "/" + model + (tag.empty() ? std::string() : ":" + tag); }

std::int64_t RequestShape::expected_prompt_tokens() const {
  constexpr std::int64_t kBytesPerToken = 4;
  return (prompt_bytes + kBytesPerToken - 1) / kBytesPerToken + messages * kTokensAroundAMessage / 2;
}

std::int64_t RequestShape::most_prompt_tokens() const {
  return prompt_bytes + messages * kTokensAroundAMessage + kTokensAroundAPrompt;
}

std::int64_t RequestShape::least_prompt_tokens() const {
  constexpr std::int64_t kMostBytesPerToken = 16;
  return prompt_bytes / kMostBytesPerToken;
}

std::int64_t RequestShape::expected_completion_tokens() const {
  constexpr std::int64_t kUsualAnswer = 256;
  return max_tokens >= 0 ? std::min(max_tokens, kUsualAnswer) : kUsualAnswer;
}

RequestShape shape_of(const inference::GenerateRequest& request) {
  RequestShape shape{.needed = providers::needed_features(request), .wished = providers::wished_features(request)};
  const auto add = [&](const std::string& text) { shape.prompt_bytes += static_cast<std::int64_t>(text.size()); };
  for (const inference::Message& message : request.messages) {
    add(message.content);
    for (const inference::ToolCall& call : message.tool_calls) add(call.arguments), add(call.name);
  }
  for (const inference::Tool& tool : request.tools) add(tool.name), add(tool.description), add(tool.parameters);
  if (request.raw_prompt) add(*request.raw_prompt);
  if (request.suffix) add(*request.suffix);
  if (request.json_schema) add(*request.json_schema);
  shape.messages = static_cast<std::int64_t>(request.messages.size() + request.tools.size());
  shape.max_tokens = request.max_tokens;
  return shape;
}

std::optional<PicoDollars> expected_cost(const Endpoint& endpoint, const RequestShape& shape) {
  return cost_of(endpoint.prices, {.prompt_tokens = shape.expected_prompt_tokens(),
                                   .completion_tokens = shape.expected_completion_tokens()});
}

std::optional<PicoDollars> most_cost(const Endpoint& endpoint, const RequestShape& shape) {
  const std::int64_t most = shape.max_tokens >= 0 ? shape.max_tokens : endpoint.max_output.value_or(-1);
  if (most < 0 && endpoint.prices.output != PicoDollars{0}) return std::nullopt;
  const Consumption all{.prompt_tokens = shape.most_prompt_tokens(),
                        .completion_tokens = std::max<std::int64_t>(most, 0)};
  auto cost = cost_of(endpoint.prices, all);
  // Writing into a cache may cost more than reading.
  if (cost && endpoint.prices.cache_write && endpoint.prices.cache_write > endpoint.prices.input) {
    Consumption written = all;
    written.cache_write_tokens = all.prompt_tokens;
    cost = cost_of(endpoint.prices, written);
  }
  return cost;
}

}  // namespace zubr::router
