// The answer of POST /v1/chat/completions: one object, or server-sent events that end with `data: [DONE]`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inference/generation.h"

namespace zubr::server::openai {

struct ChatAnswer {
  std::string id;            // "chatcmpl-…"
  std::int64_t created = 0;  // Unix time in seconds
  std::string model;
};

// The prompt counts once, however many choices were made of it.
inference::Usage total_usage(const std::vector<inference::Generation>& choices);

std::string completion_json(const ChatAnswer& answer, const std::vector<inference::Generation>& choices);

// Builds the events of one stream; what does not change between them is made once.
class ChunkWriter {
 public:
  ChunkWriter(const ChatAnswer& answer, bool include_usage);

  std::string role(int choice) const;  // the first of each choice
  std::string text(int choice, const inference::TextDelta& delta) const;
  std::string thought(int choice, std::string_view text) const;
  std::string call(int choice, const inference::ToolCallDelta& delta) const;
  std::string finish(int choice, const inference::Generation& generation) const;
  std::string usage(const inference::Usage& usage) const;  // only with include_usage

 private:
  std::string event(int choice, std::string_view delta, std::string_view logprobs, std::string_view finish) const;

  std::string head_;
  std::string tail_;
};

}  // namespace zubr::server::openai
