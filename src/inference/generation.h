// Text generation: what is asked, what comes back while it runs, and what it cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

namespace zubr::inference {

enum class Role { kSystem, kUser, kAssistant, kTool };

struct Message {
  Role role = Role::kUser;
  std::string content;
};

struct SamplingOptions {
  double temperature = 0.8;  // 0 = always the most probable token
  int top_k = 40;            // 0 = off
  double top_p = 0.95;       // 1 = off
  double min_p = 0.05;       // 0 = off
  double repeat_penalty = 1.0;
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  std::optional<std::uint32_t> seed;  // none = a fresh one each time
};

struct GenerateRequest {
  std::string model;                      // empty: the backend's own
  std::vector<Message> messages;          // rendered with the model's chat template …
  std::optional<std::string> raw_prompt;  // … unless this is set, which is tokenised as it is
  int max_tokens = -1;                    // -1: until the model stops or the context is full
  SamplingOptions sampling;
  std::vector<std::string> stop;           // the answer ends before the first of these
  std::optional<std::string> json_schema;  // the answer is JSON that this schema accepts
};

enum class FinishReason { kStop, kLength };

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_prompt_tokens = 0;  // of them, not evaluated again
  std::int64_t completion_tokens = 0;
};

struct Generation {
  std::string text;
  FinishReason finish = FinishReason::kStop;
  Usage usage;
  std::chrono::nanoseconds prompt_time{0};
  std::chrono::nanoseconds completion_time{0};
};

// A piece of the answer, always whole UTF-8 characters.
struct TextDelta {
  std::string text;
};
struct PromptProgress {
  std::int64_t evaluated_tokens = 0;
  std::int64_t total_tokens = 0;
};
using Event = std::variant<TextDelta, PromptProgress>;
using EventSink = std::function<void(const Event&)>;

}  // namespace zubr::inference
