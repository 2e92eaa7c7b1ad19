#include "providers/wire/open_ai_answer.h"

#include "providers/wire/json_reading.h"

namespace zubr::providers {
namespace json = boost::json;
namespace {

std::vector<inference::TokenLogprobs> logprobs_of(const json::object& choice) {
  std::vector<inference::TokenLogprobs> all;
  const json::object* logprobs = object_in(choice, "logprobs");
  const json::array* content = logprobs == nullptr ? nullptr : array_in(*logprobs, "content");
  if (content == nullptr) return all;
  constexpr std::int32_t kUnknownToken = -1;
  const auto probability = [](const json::object& entry) {
    inference::TokenProbability one{
        .token = kUnknownToken, .bytes = {}, .log_prob = static_cast<float>(number_in(entry, "logprob").value_or(0))};
    if (const json::array* bytes = array_in(entry, "bytes")) {
      for (const json::value& byte : *bytes)
        if (byte.is_number()) one.bytes += static_cast<char>(byte.to_number<double>());
    } else {
      one.bytes = text_in(entry, "token");
    }
    return one;
  };
  for (const json::value& value : *content) {
    if (!value.is_object()) continue;
    inference::TokenLogprobs token;
    static_cast<inference::TokenProbability&>(token) = probability(value.get_object());
    if (const json::array* top = array_in(value.get_object(), "top_logprobs"))
      for (const json::value& other : *top)
        if (other.is_object()) token.top.push_back(probability(other.get_object()));
    all.push_back(std::move(token));
  }
  return all;
}

// Content is a text, or a list of parts of which some are text (Mistral's thinking models).
std::string content_of(const json::object& message) {
  const json::array* parts = array_in(message, "content");
  if (parts == nullptr) return text_in(message, "content");
  std::string text;
  for (const json::value& part : *parts)
    if (part.is_object()) text += text_in(part.get_object(), "text");
  return text;
}

}  // namespace

UpstreamResult<void> OpenAiReader::event(std::string_view, std::string_view data) {
  if (data == "[DONE]") {
    if (!saw_choice_) return upstream_fail(Fault::kNotUnderstood, message("the stream has no answer in it"));
    done_ = true;
    return {};
  }
  auto object = read_object(data);
  return object ? read(*object, data) : tl::unexpected(object.error());
}

UpstreamResult<void> OpenAiReader::whole(std::string_view body) {
  auto object = read_object(body);
  if (!object) return tl::unexpected(object.error());
  if (auto done = read(*object, body); !done) return done;
  if (!saw_choice_) return upstream_fail(Fault::kNotUnderstood, message("the answer has no choices"));
  done_ = true;
  return {};
}

UpstreamResult<void> OpenAiReader::read(const json::object& object, std::string_view raw) {
  if (auto error = error_in(object, raw)) return tl::unexpected(std::move(*error));
  if (builder_.answer().served_model.empty()) builder_.answer().served_model = text_in(object, "model");
  const json::array* choices = array_in(object, "choices");
  // One answer was asked for; whoever sends more is read as if there were one.
  if (choices != nullptr && !choices->empty() && choices->front().is_object()) {
    saw_choice_ = true;
    if (auto done = choice(choices->front().get_object()); !done) return done;
  }
  if (const json::object* used = object_in(object, "usage")) usage(*used);
  if (const json::object* groq = object_in(object, "x_groq"))
    if (const json::object* used = object_in(*groq, "usage")) usage(*used);
  return {};
}

UpstreamResult<void> OpenAiReader::choice(const json::object& choice) {
  if (auto error = error_in(choice, json::serialize(choice))) return tl::unexpected(std::move(*error));
  const json::object* message_object = object_in(choice, "delta");
  if (message_object == nullptr) message_object = object_in(choice, "message");
  if (message_object != nullptr) {
    std::string thought = text_in(*message_object, "reasoning_content");
    if (thought.empty()) thought = text_in(*message_object, "reasoning");
    if (auto done = builder_.thought(std::move(thought)); !done) return done;
    if (auto done = builder_.text(content_of(*message_object), logprobs_of(choice)); !done) return done;
    if (const json::array* calls = array_in(*message_object, "tool_calls"))
      if (auto done = tool_calls(*calls); !done) return done;
  } else if (auto done = builder_.text(text_in(choice, "text")); !done) {
    return done;
  }
  const std::string reason = text_in(choice, "finish_reason");
  if (reason.empty()) return {};
  if (reason == "content_filter")
    return upstream_fail(Fault::kContentFiltered, message("the answer was cut off by its content filter"));
  if (reason == "error") return upstream_fail(Fault::kServerError, message("the answer ended with an error"));
  builder_.finish(reason == "length" || reason == "max_tokens" || reason == "model_length"
                      ? inference::FinishReason::kLength
                      : inference::FinishReason::kStop);
  // vLLM says which stop text it was.
  builder_.stopped_by(text_in(choice, "stop_reason"));
  return {};
}

UpstreamResult<void> OpenAiReader::tool_calls(const json::array& calls) {
  std::int64_t place = 0;
  for (const json::value& value : calls) {
    const json::object* call = value.if_object();
    if (call == nullptr) return upstream_fail(Fault::kNotUnderstood, message("a tool call is no object"));
    const json::value* number = call->if_contains("index");
    const std::int64_t index = number != nullptr && number->is_int64() ? number->get_int64() : place;
    const json::object* function = object_in(*call, "function");
    if (function == nullptr) return upstream_fail(Fault::kNotUnderstood, message("a tool call names no function"));
    std::string arguments = text_in(*function, "arguments");
    if (const json::object* object = object_in(*function, "arguments")) arguments = json::serialize(*object);
    if (auto done = builder_.tool_call(index, text_in(*call, "id"), text_in(*function, "name"), std::move(arguments));
        !done)
      return done;
    ++place;
  }
  return {};
}

void OpenAiReader::usage(const json::object& used) {
  Answer& answer = builder_.answer();
  inference::Usage& usage = answer.generation.usage;
  if (!used.contains("prompt_tokens") && !used.contains("completion_tokens")) return;
  answer.usage_known = true;
  usage.prompt_tokens = count_in(used, "prompt_tokens");
  usage.completion_tokens = count_in(used, "completion_tokens");
  if (const json::object* details = object_in(used, "prompt_tokens_details"))
    usage.cached_prompt_tokens = count_in(*details, "cached_tokens");
  if (usage.cached_prompt_tokens == 0) usage.cached_prompt_tokens = count_in(used, "prompt_cache_hit_tokens");
  usage.cached_prompt_tokens = std::min(usage.cached_prompt_tokens, usage.prompt_tokens);
  if (const json::object* details = object_in(used, "completion_tokens_details"))
    answer.reasoning_tokens = count_in(*details, "reasoning_tokens");
  if (const auto cost = number_in(used, "cost"); cost && *cost >= 0)
    if (const auto dollars = core::parse_dollars(fmt::format("{}", *cost))) answer.billed = *dollars;
}

}  // namespace zubr::providers
