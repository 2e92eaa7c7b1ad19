// Text generation: what is asked, what comes back while it runs, and what it cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"

namespace zubr::inference {

enum class Role { kSystem, kUser, kAssistant, kTool };

// A tool that the model asked for.
struct ToolCall {
  std::string id;         // pairs the call with the message that answers it
  std::string name;       // of the tool
  std::string arguments;  // a JSON object, as text
};

// A picture or a sound in a message, as a file: PNG, JPEG, GIF, BMP; WAV, MP3. Which of them a model takes is in
// ModelInfo.
struct Media {
  std::string bytes;
  std::size_t at = 0;  // it stands before this byte of the content, behind the media before it
  // Instead of the bytes, where they still have to be fetched: whoever took the request does. No Backend knows it.
  std::string url = {};
};

struct Message {
  Role role = Role::kUser;
  std::string content;
  std::vector<ToolCall> tool_calls = {};  // of the assistant
  std::string tool_call_id = {};          // of Role::kTool: which call this answers
  std::string tool_name = {};             // of Role::kTool, where it is known
  std::vector<Media> media = {};          // ascending by their places
};

// A function that the model may ask for.
struct Tool {
  std::string name;
  std::string description;
  std::string parameters;  // JSON schema of an object, as text; empty: no arguments
  // The arguments are exactly what the schema says, or the request is refused. Else what of the schema cannot be
  // enforced while generating is only shown to the model.
  bool strict = false;
};

enum class ToolChoice {
  kAuto,      // the model decides
  kNone,      // it sees the tools and may not ask for them
  kRequired,  // the answer is at least one call
};

struct SamplingOptions {
  double temperature = 0.8;  // 0 = always the most probable token
  int top_k = 40;            // 0 = off
  double top_p = 0.95;       // 1 = off
  double min_p = 0.05;       // 0 = off
  double typical_p = 1.0;    // 1 = off
  double repeat_penalty = 1.0;
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  int penalty_window = 64;                                      // the penalties look at so many last tokens; at most 64
  std::vector<std::pair<std::int32_t, float>> logit_bias = {};  // added to a token's logit; -infinity forbids it
  std::optional<std::uint32_t> seed;                            // none = a fresh one each time
};

// An adapter (LoRA) by the name under which the backend has it.
struct AdapterChoice {
  std::string name;
  float scale = 1;
};

struct GenerateRequest {
  std::string model;                      // empty: the backend's own
  std::vector<Message> messages;          // rendered with the model's chat template …
  std::optional<std::string> raw_prompt;  // … unless this is set, which is tokenised as it is
  int max_tokens = -1;                    // -1: until the model stops or the context is full
  SamplingOptions sampling;
  std::vector<std::string> stop;           // the answer ends before the first of these
  std::optional<std::string> json_schema;  // the answer is JSON that this schema accepts

  // Instead of messages and a text: the prompt as tokens.
  std::optional<std::vector<std::int32_t>> prompt_tokens = {};
  // With raw_prompt: what stands after the answer (fill in the middle). kUnsupported without tokens for it.
  std::optional<std::string> suffix = {};
  // With messages. The calls are in the Generation and arrive as ToolCallDelta.
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = ToolChoice::kAuto;
  bool parallel_tool_calls = true;  // more than one call in an answer
  // Room for a chain of thought where the model's template knows one; it then comes apart from the answer.
  bool thinking = false;
  // -1: no log-probabilities. Else those of the tokens of the answer, each with so many of the most probable ones.
  int top_logprobs = -1;

  // The most tokens that prompt and answer may have together; 0, or more than the backend has: as many as it has.
  // kTooLarge, with both numbers, for a prompt that does not fit.
  int context_tokens = 0;
  std::string client = {};  // who asks: a backend that is busy serves clients in turn; empty: nobody in particular
  // kTimeout when the answer is not whole then; none: never.
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::vector<AdapterChoice> adapters = {};  // on top of the model; kNotFound for names the backend does not know
};

enum class FinishReason { kStop, kLength };

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_prompt_tokens = 0;  // of them, not evaluated again
  std::int64_t completion_tokens = 0;
};

// log P(token | what stands before it), natural logarithm, of the model itself: before temperature, penalties, bias and
// grammar.
struct TokenProbability {
  std::int32_t token = 0;
  std::string bytes;  // may be a part of a character
  float log_prob = 0;
};
struct TokenLogprobs : TokenProbability {
  std::vector<TokenProbability> top = {};  // most probable first
};

struct Generation {
  std::string text;
  FinishReason finish = FinishReason::kStop;
  Usage usage;
  std::chrono::nanoseconds prompt_time{0};
  std::chrono::nanoseconds completion_time{0};
  std::string thoughts = {};  // GenerateRequest::thinking
  std::vector<ToolCall> tool_calls = {};
  std::vector<TokenLogprobs> logprobs = {};  // GenerateRequest::top_logprobs
  std::string stop = {};                     // the stop string that ended it; empty: none did
};

// A piece of the answer, always whole UTF-8 characters.
struct TextDelta {
  std::string text;
  std::vector<TokenLogprobs> logprobs = {};  // of the tokens that this piece came with
};
struct ThoughtDelta {
  std::string text;
};
// A piece of a call: the first one of an index has id and name, the arguments may come in several.
struct ToolCallDelta {
  int index = 0;  // in Generation::tool_calls
  std::string id;
  std::string name;
  std::string arguments;
};
struct PromptProgress {
  std::int64_t evaluated_tokens = 0;
  std::int64_t total_tokens = 0;
};
using Event = std::variant<TextDelta, PromptProgress, ThoughtDelta, ToolCallDelta>;
using EventSink = std::function<void(const Event&)>;

}  // namespace zubr::inference
