// Backend: whatever can run a model — our engine, a provider, a router over both, or a fake in a test.
//
// Threads: every method may be called from any thread; a Backend serialises what it must by itself. Calls block until
// done; `generate` reports progress through its sink, on the calling thread or one of the backend's own, never on two
// at once. Every call ends soon after its stop_token is asked to stop, with ErrorCode::kCancelled.
// Ownership: a LabelScorer keeps what it needs of its Backend alive only as long as the Backend itself lives.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "inference/embedding.h"
#include "inference/generation.h"
#include "inference/labels.h"

namespace zubr::inference {

struct ModelInfo {
  std::string name;         // as the user calls it
  std::string description;  // "llama 1.24B Q8_0"
  int context_tokens = 0;   // the most tokens that prompt and completion may have together; 0 = unknown
  bool can_embed = false;
  bool can_generate = false;
  bool has_chat_template = false;
  bool can_infill = false;  // GenerateRequest::suffix
  bool can_see = false;     // pictures in messages
  bool can_hear = false;    // sounds

  // What is known of the model's file; empty or 0 where it is not.
  std::string architecture = {};   // "llama"
  std::string quantization = {};   // "Q4_0"
  std::int64_t parameters = 0;     // weights
  std::uint64_t bytes = 0;         // of the weights
  int embedding_length = 0;        // numbers in a vector
  std::string chat_template = {};  // its source
  bool template_has_tools = false;
  bool template_has_thinking = false;
  std::string begin_token = {};  // as it is written in a prompt; empty: none
  std::string end_token = {};
  int parallel = 1;  // generations at the same time
};

struct TokenizeRequest {
  std::string text;
  bool add_special = false;   // with the begin (and end) token that the model wants around a text
  bool parse_special = true;  // "<|im_end|>" becomes that token
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual ModelInfo info() const = 0;

  // Streams TextDelta events and returns the whole. kTooLarge, with both numbers, when the prompt does not fit the
  // context; kInvalidArgument for a schema or a request that cannot be honoured. Nothing is ever cut.
  virtual Result<Generation> generate(const GenerateRequest& request, const EventSink& sink, std::stop_token stop) = 0;

  // One result per text, in order. A text that cannot be embedded has its own error.
  virtual Result<std::vector<Result<Embedding>>> embed(const EmbedRequest& request, std::stop_token stop) = 0;

  // Prepares a label set: evaluates what all rows share, once. kInvalidArgument when two labels are the same tokens,
  // kTooLarge when the shared part alone does not fit the context.
  virtual Result<std::unique_ptr<LabelScorer>> open_labels(const LabelTask& task, std::stop_token stop) = 0;

  // `count` distinct strings of one token each, in a stable order, to stand for labels ("A", "B", …).
  // kUnsupported when the vocabulary has too few.
  virtual Result<std::vector<std::string>> label_codes(std::size_t count) = 0;

  // The rest needs the model's vocabulary and template on this machine: kUnsupported where they are elsewhere.
  virtual Result<std::vector<std::int32_t>> tokenize(const TokenizeRequest& request);
  // Text as UTF-8 with control tokens written out; broken characters become U+FFFD. kInvalidArgument for a token that
  // is none.
  virtual Result<std::string> detokenize(std::span<const std::int32_t> tokens);
  // The prompt that generate() would make of the request, as text and as tokens.
  struct Prompt {
    std::string text;
    std::vector<std::int32_t> tokens = {};
  };
  virtual Result<Prompt> render(const GenerateRequest& request);
};

}  // namespace zubr::inference
