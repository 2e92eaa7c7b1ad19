#include "server/anthropic/message_response.h"

#include <fmt/format.h>

#include "server/json_text.h"

namespace zubr::server::anthropic {
namespace {

std::string stop_fields(const inference::Generation& generation) {
  std::string_view reason = "end_turn";
  if (generation.finish == inference::FinishReason::kLength)
    reason = "max_tokens";
  else if (!generation.tool_calls.empty())
    reason = "tool_use";
  else if (!generation.stop.empty())
    reason = "stop_sequence";
  const bool sequence = reason == "stop_sequence";
  return fmt::format(R"("stop_reason":"{}","stop_sequence":{})", reason,
                     sequence ? json_text(generation.stop) : "null");
}

// What came from the cache is counted apart.
std::string usage_json(const inference::Usage& usage) {
  return fmt::format(
      R"({{"input_tokens":{},"cache_creation_input_tokens":0,"cache_read_input_tokens":{},"output_tokens":{}}})",
      usage.prompt_tokens - usage.cached_prompt_tokens, usage.cached_prompt_tokens, usage.completion_tokens);
}

std::string call_block(std::string_view id, std::string_view name, std::string_view input) {
  return fmt::format(R"({{"type":"tool_use","id":{},"name":{},"input":{}}})", json_text(id), json_text(name), input);
}

std::string event(std::string_view name, std::string_view fields) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}{2}}}\n\n", name, fields.empty() ? "" : ",", fields);
}

}  // namespace

std::string message_json(std::string_view id, std::string_view model, const inference::Generation& generation) {
  std::string blocks;
  const auto add = [&](std::string block) { blocks += (blocks.empty() ? "" : ",") + block; };
  if (!generation.thoughts.empty())
    add(fmt::format(R"({{"type":"thinking","thinking":{},"signature":""}})", json_text(generation.thoughts)));
  if (!generation.text.empty() || generation.tool_calls.empty())
    add(fmt::format(R"({{"type":"text","text":{}}})", json_text(generation.text)));
  for (const inference::ToolCall& call : generation.tool_calls)
    add(call_block(call.id, call.name, call.arguments.empty() ? "{}" : call.arguments));
  return fmt::format(R"({{"id":"{}","type":"message","role":"assistant","model":{},"content":[{}],{},"usage":{}}})", id,
                     json_text(model), blocks, stop_fields(generation), usage_json(generation.usage));
}

std::string MessageEvents::begin() {
  if (std::exchange(begun_, true)) return "";
  return event("message_start",
               fmt::format(R"("message":{{"id":"{}","type":"message","role":"assistant","model":{},"content":[],)"
                           R"("stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{},)"
                           R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}})",
                           id_, json_text(model_), prompt_tokens_));
}

std::string MessageEvents::close() {
  if (std::exchange(block_, Block::kNone) == Block::kNone) return "";
  return event("content_block_stop", fmt::format(R"("index":{})", index_));
}

std::string MessageEvents::open(Block kind, std::string_view content) {
  if (block_ == kind && kind != Block::kCall) return "";
  std::string events = begin() + close();
  block_ = kind;
  ++index_;
  return events + event("content_block_start", fmt::format(R"("index":{},"content_block":{})", index_, content));
}

std::string MessageEvents::delta(std::string_view fields) {
  return event("content_block_delta", fmt::format(R"("index":{},"delta":{{{}}})", index_, fields));
}

std::string MessageEvents::of(const inference::Event& happened) {
  if (const auto* progress = std::get_if<inference::PromptProgress>(&happened)) {
    prompt_tokens_ = progress->total_tokens;
    return "";  // nothing is promised before the first token
  }
  if (const auto* text = std::get_if<inference::TextDelta>(&happened)) {
    std::string events = open(Block::kText, R"({"type":"text","text":""})");
    return events + delta(fmt::format(R"("type":"text_delta","text":{})", json_text(text->text)));
  }
  if (const auto* thought = std::get_if<inference::ThoughtDelta>(&happened)) {
    std::string events = open(Block::kThoughts, R"({"type":"thinking","thinking":"","signature":""})");
    return events + delta(fmt::format(R"("type":"thinking_delta","thinking":{})", json_text(thought->text)));
  }
  const auto& call = std::get<inference::ToolCallDelta>(happened);
  std::string events = call.name.empty() ? "" : open(Block::kCall, call_block(call.id, call.name, "{}"));
  return events + delta(fmt::format(R"("type":"input_json_delta","partial_json":{})", json_text(call.arguments)));
}

std::string MessageEvents::finish(const inference::Generation& generation) {
  std::string events = begin() + close();
  events += event("message_delta",
                  fmt::format(R"("delta":{{{}}},"usage":{})", stop_fields(generation), usage_json(generation.usage)));
  return events + event("message_stop", "");
}

}  // namespace zubr::server::anthropic
