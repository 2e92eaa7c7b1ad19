#include "providers/wire/answer_builder.h"

#include <algorithm>

namespace zubr::providers {
namespace {

tl::unexpected<UpstreamError> not_understood(std::string why) {
  return tl::unexpected(UpstreamError{.fault = Fault::kNotUnderstood, .message = std::move(why)});
}

}  // namespace

UpstreamResult<void> AnswerBuilder::grow(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > kMaxAnswerBytes) return not_understood(message("the answer is over {} bytes", kMaxAnswerBytes));
  has_output_ = has_output_ || bytes > 0;
  return {};
}

UpstreamResult<void> AnswerBuilder::text(std::string text, std::vector<inference::TokenLogprobs> logprobs) {
  if (text.empty() && logprobs.empty()) return {};
  if (auto grown = grow(text.size()); !grown) return grown;
  inference::Generation& generation = answer_.generation;
  generation.text += text;
  generation.logprobs.insert(generation.logprobs.end(), logprobs.begin(), logprobs.end());
  if (sink_) sink_(inference::TextDelta{std::move(text), std::move(logprobs)});
  return {};
}

UpstreamResult<void> AnswerBuilder::thought(std::string text) {
  if (text.empty()) return {};
  if (auto grown = grow(text.size()); !grown) return grown;
  answer_.generation.thoughts += text;
  if (sink_) sink_(inference::ThoughtDelta{std::move(text)});
  return {};
}

UpstreamResult<void> AnswerBuilder::tool_call(std::int64_t index, std::string id, std::string name,
                                              std::string arguments) {
  auto& calls = answer_.generation.tool_calls;
  const auto known = std::ranges::find(indices_, index);
  const auto at = static_cast<std::size_t>(known - indices_.begin());
  if (known == indices_.end()) {
    if (calls.size() >= kMaxToolCalls)
      return not_understood(message("the answer has over {} tool calls", kMaxToolCalls));
    if (name.empty()) return not_understood(message("a tool call has no name"));
    // Not every provider names its calls, and an answer to one must say which it answers.
    if (id.empty()) id = fmt::format("call_{}", calls.size());
    indices_.push_back(index);
    calls.push_back({id, name, {}});
  } else {
    id.clear();
    name.clear();
  }
  if (auto grown = grow(name.size() + arguments.size() + 1); !grown) return grown;
  calls[at].arguments += arguments;
  if (sink_)
    sink_(inference::ToolCallDelta{static_cast<int>(at), std::move(id), std::move(name), std::move(arguments)});
  return {};
}

UpstreamResult<Answer> AnswerBuilder::take() {
  answer_.generation.finish = finish_.value_or(inference::FinishReason::kStop);
  for (inference::ToolCall& call : answer_.generation.tool_calls)
    if (call.arguments.empty()) call.arguments = "{}";
  return std::move(answer_);
}

}  // namespace zubr::providers
