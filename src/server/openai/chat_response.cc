#include "server/openai/chat_response.h"

#include <fmt/format.h>

#include "server/json_text.h"
#include "server/openai/usage_json.h"

namespace zubr::server::openai {
namespace {

std::string probability_fields(const inference::TokenProbability& token) {
  std::vector<int> bytes;
  for (const char byte : token.bytes) bytes.push_back(static_cast<unsigned char>(byte));
  return fmt::format(R"("token":{},"logprob":{},"bytes":[{}])", json_text(token.bytes), token.log_prob,
                     fmt::join(bytes, ","));
}

std::string logprobs_json(const std::vector<inference::TokenLogprobs>& logprobs) {
  if (logprobs.empty()) return "null";
  std::string list;
  for (const inference::TokenLogprobs& token : logprobs) {
    std::string top;
    for (const auto& one : token.top) top += fmt::format("{}{{{}}}", top.empty() ? "" : ",", probability_fields(one));
    list += fmt::format(R"({}{{{},"top_logprobs":[{}]}})", list.empty() ? "" : ",", probability_fields(token), top);
  }
  return fmt::format(R"({{"content":[{}],"refusal":null}})", list);
}

std::string calls_json(const std::vector<inference::ToolCall>& calls) {
  std::string list;
  for (const inference::ToolCall& call : calls)
    list += fmt::format(R"({}{{"id":{},"type":"function","function":{{"name":{},"arguments":{}}}}})",
                        list.empty() ? "" : ",", json_text(call.id), json_text(call.name), json_text(call.arguments));
  return list;
}

std::string message_json(const inference::Generation& generation) {
  const bool only_calls = generation.text.empty() && !generation.tool_calls.empty();
  std::string message = fmt::format(R"({{"role":"assistant","content":{},"refusal":null)",
                                    only_calls ? "null" : json_text(generation.text));
  if (!generation.thoughts.empty())
    message += fmt::format(R"(,"reasoning_content":{})", json_text(generation.thoughts));
  if (!generation.tool_calls.empty())
    message += fmt::format(R"(,"tool_calls":[{}])", calls_json(generation.tool_calls));
  return message + '}';
}

}  // namespace

inference::Usage total_usage(const std::vector<inference::Generation>& choices) {
  inference::Usage total;
  for (std::size_t i = 0; i < choices.size(); ++i) add_usage(total, choices[i].usage, i > 0);
  return total;
}

std::string completion_json(const ChatAnswer& answer, const std::vector<inference::Generation>& choices) {
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    list += fmt::format(R"({}{{"index":{},"message":{},"logprobs":{},"finish_reason":"{}"}})", i == 0 ? "" : ",", i,
                        message_json(choices[i]), logprobs_json(choices[i].logprobs), finish_name(choices[i]));
  }
  return fmt::format(R"({{"id":"{}","object":"chat.completion","created":{},"model":{},"choices":[{}],"usage":{}}})",
                     answer.id, answer.created, json_text(answer.model), list, usage_json(total_usage(choices)));
}

ChunkWriter::ChunkWriter(const ChatAnswer& answer, bool include_usage)
    : head_(fmt::format(R"(data: {{"id":"{}","object":"chat.completion.chunk","created":{},"model":{},"choices":[)",
                        answer.id, answer.created, json_text(answer.model))),
      tail_(include_usage ? "],\"usage\":null}\n\n" : "]}\n\n") {}

std::string ChunkWriter::event(int choice, std::string_view delta, std::string_view logprobs,
                               std::string_view finish) const {
  std::string event;
  event.reserve(head_.size() + delta.size() + logprobs.size() + 96);
  event += head_;
  event += R"({"index":)";
  event += std::to_string(choice);
  event += R"(,"delta":{)";
  event += delta;
  event += R"(},"logprobs":)";
  event += logprobs;
  event += R"(,"finish_reason":)";
  event += finish;
  event += '}';
  event += tail_;
  return event;
}

std::string ChunkWriter::role(int choice) const {
  return event(choice, R"("role":"assistant","content":"")", "null", "null");
}

std::string ChunkWriter::text(int choice, const inference::TextDelta& delta) const {
  std::string content = R"("content":)";
  append_json_text(content, delta.text);
  return event(choice, content, logprobs_json(delta.logprobs), "null");
}

std::string ChunkWriter::thought(int choice, std::string_view text) const {
  return event(choice, R"("reasoning_content":)" + json_text(text), "null", "null");
}

std::string ChunkWriter::call(int choice, const inference::ToolCallDelta& delta) const {
  const std::string begin = delta.name.empty() ? "" : fmt::format(R"("id":{},"type":"function",)", json_text(delta.id));
  const std::string name = delta.name.empty() ? "" : fmt::format(R"("name":{},)", json_text(delta.name));
  return event(choice,
               fmt::format(R"("tool_calls":[{{"index":{},{}"function":{{{}"arguments":{}}}}}])", delta.index, begin,
                           name, json_text(delta.arguments)),
               "null", "null");
}

std::string ChunkWriter::finish(int choice, const inference::Generation& generation) const {
  return event(choice, "", "null", fmt::format("\"{}\"", finish_name(generation)));
}

std::string ChunkWriter::usage(const inference::Usage& usage) const {
  return fmt::format("{}],\"usage\":{}}}\n\n", head_, usage_json(usage));
}

}  // namespace zubr::server::openai
