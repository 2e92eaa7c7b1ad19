#include "inference/fake_backend.h"

#include <algorithm>
#include <thread>

namespace zubr::inference {
namespace {

// FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv/).
std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = 14695981039346656037ULL) {
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211ULL;
  return hash;
}

std::vector<std::int32_t> bytes_as_tokens(std::string_view text) {
  std::vector<std::int32_t> tokens(text.size());
  std::ranges::transform(text, tokens.begin(), [](char c) { return static_cast<unsigned char>(c); });
  return tokens;
}

class FakeScorer : public LabelScorer {
 public:
  FakeScorer(LabelTask task, FakeOptions options) : task_(std::move(task)), options_(std::move(options)) {
    for (const auto& label : task_.labels) lengths_.push_back(static_cast<int>(label.size()));
    for (const auto& label : task_.labels) hashes_.push_back(fnv1a(label));
  }

  ScorerLimits limits() const override {
    return {.rows = 64, .tokens = 1 << 20, .row_tokens = options_.context_tokens};
  }
  ScorerStats stats() const override { return stats_; }
  std::span<const int> label_tokens() const override { return lengths_; }

  Result<PreparedText> prepare(std::string_view text) const override {
    if (std::ssize(text) > options_.context_tokens)
      return fail(ErrorCode::kTooLarge, "the text has {} tokens, there is room for {}", text.size(),
                  options_.context_tokens);
    return PreparedText{bytes_as_tokens(text)};
  }

  Result<std::vector<LabelScores>> score(std::span<const PreparedText> rows, std::stop_token stop) override {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (options_.per_row.count() > 0) std::this_thread::sleep_for(options_.per_row * rows.size());
    std::vector<LabelScores> all(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      std::string text(rows[row].tokens.size(), '\0');
      std::ranges::transform(rows[row].tokens, text.begin(),
                             [](std::int32_t token) { return static_cast<char>(token); });
      const std::uint64_t hash = fnv1a(text);
      all[row].exact.assign(task_.labels.size(), true);
      for (const std::uint64_t label : hashes_) all[row].log_prob.push_back(of_hash(hash, label));
      stats_.evaluated_tokens += std::ssize(text);
      stats_.row_by_row_tokens += std::ssize(text);
    }
    ++stats_.forwards;
    return all;
  }

  static float of_hash(std::uint64_t text, std::uint64_t label) {
    std::uint64_t mixed = (text ^ (label * 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
    return -0.001f - static_cast<float>((mixed ^ (mixed >> 31)) % 10000) / 1000.0f;
  }

 private:
  LabelTask task_;
  FakeOptions options_;
  std::vector<int> lengths_;
  std::vector<std::uint64_t> hashes_;
  ScorerStats stats_;
};

}  // namespace

FakeBackend::FakeBackend(FakeOptions options) : options_(std::move(options)) {}

ModelInfo FakeBackend::info() const {
  return {.name = "fake",
          .description = "no model",
          .context_tokens = options_.context_tokens,
          .can_embed = true,
          .can_generate = true,
          .has_chat_template = true,
          .can_infill = true,
          .architecture = "fake",
          .quantization = "F32",
          .parameters = 4,
          .bytes = 16,
          .embedding_length = 4,
          .chat_template = "{{ messages }}",
          .template_has_tools = true,
          .template_has_thinking = true};
}

Result<Backend::Prompt> FakeBackend::render(const GenerateRequest& request) {
  Prompt prompt{.text = request.raw_prompt.value_or("")};
  for (const auto& message : request.messages) prompt.text += message.content;
  if (request.prompt_tokens) {
    ZUBR_TRY(text, detokenize(*request.prompt_tokens));
    prompt.text = std::move(text);
  }
  prompt.text += request.suffix.value_or("");
  prompt.tokens = bytes_as_tokens(prompt.text);
  return prompt;
}

Result<Generation> FakeBackend::generate(const GenerateRequest& request, const EventSink& sink, std::stop_token stop) {
  for (const Message& message : request.messages)
    if (!message.media.empty()) return fail(ErrorCode::kUnsupported, "'fake' takes text only");
  Generation generation;
  ZUBR_TRY(prompt, render(request));
  generation.usage.prompt_tokens = std::ssize(prompt.tokens);
  if (generation.usage.prompt_tokens > options_.context_tokens)
    return fail(ErrorCode::kTooLarge, "the prompt has {} tokens, the context has {}", generation.usage.prompt_tokens,
                options_.context_tokens);
  if (!request.tools.empty() && request.tool_choice == ToolChoice::kRequired) {
    generation.tool_calls.push_back({"call_0", request.tools.front().name, R"({"a":1})"});
    generation.usage.completion_tokens = 2;
    sink(ToolCallDelta{0, "call_0", request.tools.front().name, R"({"a")"});
    sink(ToolCallDelta{0, "", "", ":1}"});
    return generation;
  }
  if (request.thinking) {
    generation.thoughts = "Hm";
    sink(ThoughtDelta{"Hm"});
  }
  const std::string& answer = options_.answer;
  for (std::size_t at = 0; at < answer.size();) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (request.max_tokens >= 0 && generation.usage.completion_tokens >= request.max_tokens) {
      generation.finish = FinishReason::kLength;
      break;
    }
    std::size_t next = at + 1;
    while (next < answer.size() && (answer[next] & 0xC0) == 0x80) ++next;
    TextDelta delta{answer.substr(at, next - at)};
    if (std::ranges::find(request.stop, delta.text) != request.stop.end()) {
      generation.stop = delta.text;
      break;
    }
    if (request.top_logprobs >= 0) {
      TokenLogprobs token{{static_cast<unsigned char>(answer[at]), delta.text, -0.5f}};
      for (int i = 0; i < request.top_logprobs; ++i)
        token.top.push_back({'a' + i, std::string(1, static_cast<char>('a' + i)), -1.0f - static_cast<float>(i)});
      delta.logprobs.push_back(token);
      generation.logprobs.push_back(std::move(token));
    }
    generation.text += delta.text;
    sink(std::move(delta));
    ++generation.usage.completion_tokens;
    at = next;
  }
  return generation;
}

Result<std::vector<std::int32_t>> FakeBackend::tokenize(const TokenizeRequest& request) {
  return bytes_as_tokens(request.text);
}

Result<std::string> FakeBackend::detokenize(std::span<const std::int32_t> tokens) {
  std::string text;
  for (const std::int32_t token : tokens) {
    if (token < 0 || token > 255) return fail(ErrorCode::kInvalidArgument, "{} is no token; there are 0 to 255", token);
    text += static_cast<char>(token);
  }
  return text;
}

Result<std::vector<Result<Embedding>>> FakeBackend::embed(const EmbedRequest& request, std::stop_token) {
  std::vector<Result<Embedding>> all;
  for (const auto& text : request.texts) {
    if (std::ssize(text) > options_.context_tokens) {
      all.emplace_back(fail(ErrorCode::kTooLarge, "the text has {} tokens, there is room for {}", text.size(),
                            options_.context_tokens));
      continue;
    }
    Embedding embedding{{}, std::ssize(text)};
    for (int i = 0; i < 4; ++i) embedding.values.push_back(static_cast<float>(fnv1a(text, i) % 1000) / 1000.0f);
    all.emplace_back(std::move(embedding));
  }
  return all;
}

Result<std::unique_ptr<LabelScorer>> FakeBackend::open_labels(const LabelTask& task, std::stop_token) {
  return std::make_unique<FakeScorer>(task, options_);
}

Result<std::vector<std::string>> FakeBackend::label_codes(std::size_t count) {
  if (count > 26) return fail(ErrorCode::kUnsupported, "the fake backend has 26 codes, {} are wanted", count);
  std::vector<std::string> codes;
  for (std::size_t i = 0; i < count; ++i) codes.emplace_back(1, static_cast<char>('A' + i));
  return codes;
}

float FakeBackend::log_prob(std::string_view text, std::string_view label) {
  return FakeScorer::of_hash(fnv1a(text), fnv1a(label));
}

}  // namespace zubr::inference
