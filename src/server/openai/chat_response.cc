#include "server/openai/chat_response.h"

#include <fmt/format.h>

#include "server/json_text.h"

namespace zubr::server::openai {
namespace {

std::string_view finish_name(inference::FinishReason reason) {
  return reason == inference::FinishReason::kLength ? "length" : "stop";
}

std::string usage_json(const inference::Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":{}}}}})",
                     usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens,
                     usage.cached_prompt_tokens);
}

}  // namespace

inference::Usage total_usage(const std::vector<inference::Generation>& choices) {
  inference::Usage total;
  for (const auto& choice : choices) total.completion_tokens += choice.usage.completion_tokens;
  if (!choices.empty()) {
    total.prompt_tokens = choices.front().usage.prompt_tokens;
    total.cached_prompt_tokens = choices.front().usage.cached_prompt_tokens;
  }
  return total;
}

std::string completion_json(const ChatAnswer& answer, const std::vector<inference::Generation>& choices) {
  std::string list;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    list += fmt::format(R"({}{{"index":{},"message":{{"role":"assistant","content":{},"refusal":null}},)"
                        R"("logprobs":null,"finish_reason":"{}"}})",
                        i == 0 ? "" : ",", i, json_text(choices[i].text), finish_name(choices[i].finish));
  }
  return fmt::format(R"({{"id":"{}","object":"chat.completion","created":{},"model":{},"choices":[{}],"usage":{}}})",
                     answer.id, answer.created, json_text(answer.model), list, usage_json(total_usage(choices)));
}

ChunkWriter::ChunkWriter(const ChatAnswer& answer, bool include_usage)
    : head_(fmt::format(R"(data: {{"id":"{}","object":"chat.completion.chunk","created":{},"model":{},"choices":[)",
                        answer.id, answer.created, json_text(answer.model))),
      tail_(include_usage ? "],\"usage\":null}\n\n" : "]}\n\n") {}

std::string ChunkWriter::role(int choice) const {
  return fmt::format(
      R"({}{{"index":{},"delta":{{"role":"assistant","content":""}},"logprobs":null,"finish_reason":null}}{})", head_,
      choice, tail_);
}

std::string ChunkWriter::text(int choice, std::string_view delta) const {
  std::string event;
  event.reserve(head_.size() + delta.size() + 96);
  event += head_;
  event += R"({"index":)";
  event += std::to_string(choice);
  event += R"(,"delta":{"content":)";
  append_json_text(event, delta);
  event += R"(},"logprobs":null,"finish_reason":null})";
  event += tail_;
  return event;
}

std::string ChunkWriter::finish(int choice, inference::FinishReason reason) const {
  return fmt::format(R"({}{{"index":{},"delta":{{}},"logprobs":null,"finish_reason":"{}"}}{})", head_, choice,
                     finish_name(reason), tail_);
}

std::string ChunkWriter::usage(const inference::Usage& usage) const {
  return fmt::format("{}],\"usage\":{}}}\n\n", head_, usage_json(usage));
}

}  // namespace zubr::server::openai
