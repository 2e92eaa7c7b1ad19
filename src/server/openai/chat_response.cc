#include "server/openai/chat_response.h"

#include <fmt/format.h>

#include "server/json_text.h"
#include "server/openai/usage_json.h"

namespace zubr::server::openai {
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
                        i == 0 ? "" : ",", i, json_text(choices[i].text), finish_name(choices[i]));
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

std::string ChunkWriter::finish(int choice, const inference::Generation& generation) const {
  return fmt::format(R"({}{{"index":{},"delta":{{}},"logprobs":null,"finish_reason":"{}"}}{})", head_, choice,
                     finish_name(generation), tail_);
}

std::string ChunkWriter::usage(const inference::Usage& usage) const {
  return fmt::format("{}],\"usage\":{}}}\n\n", head_, usage_json(usage));
}

}  // namespace zubr::server::openai
