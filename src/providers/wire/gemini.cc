// Google's generateContent.
#include <algorithm>

#include "net/url.h"
#include "providers/wire/dialect.h"
#include "providers/wire/json_reading.h"

namespace zubr::providers {
namespace json = boost::json;
namespace {

using inference::GenerateRequest;
using inference::Message;
using inference::Role;

json::object text_part(const std::string& text) { return json::object{{"text", text}}; }

// The name of the call that a tool's message answers: it must be there, and not every client sends it.
std::string tool_name_of(const Message& message, const std::vector<Message>& messages) {
  if (!message.tool_name.empty()) return message.tool_name;
  for (const Message& other : messages)
    for (const inference::ToolCall& call : other.tool_calls)
      if (call.id == message.tool_call_id) return call.name;
  return "tool";
}

UpstreamResult<json::array> parts_of(const Message& message, const std::vector<Message>& messages) {
  json::array parts;
  if (message.role == Role::kTool) {
    json::error_code no_object;
    json::value response = json::parse(message.content, no_object);
    if (no_object || !response.is_object()) response = json::object{{"result", message.content}};
    parts.push_back(json::object{{"functionResponse", json::object{{"name", tool_name_of(message, messages)},
                                                                   {"response", std::move(response)}}}});
    return parts;
  }
  if (!message.content.empty()) parts.push_back(text_part(message.content));
  for (const inference::ToolCall& call : message.tool_calls) {
    auto arguments = read_own_json(call.arguments.empty() ? "{}" : call.arguments, "tool_calls.arguments");
    if (!arguments) return tl::unexpected(arguments.error());
    parts.push_back(json::object{{"functionCall", json::object{{"name", call.name}, {"args", std::move(*arguments)}}}});
  }
  return parts;
}

UpstreamResult<void> add_contents(const GenerateRequest& request, json::object& body) {
  json::array system, contents;
  std::string_view last;
  for (const Message& message : request.messages) {
    if (message.role == Role::kSystem) {
      system.push_back(text_part(message.content));
      continue;
    }
    auto parts = parts_of(message, request.messages);
    if (!parts) return tl::unexpected(parts.error());
    if (parts->empty()) continue;
    const std::string_view side = message.role == Role::kAssistant ? "model" : "user";
    if (side != last) contents.push_back(json::object{{"role", side}, {"parts", json::array{}}});
    last = side;
    json::array& into = contents.back().get_object()["parts"].get_array();
    for (json::value& part : *parts) into.push_back(std::move(part));
  }
  if (!system.empty()) body["systemInstruction"] = json::object{{"parts", std::move(system)}};
  body["contents"] = std::move(contents);
  return {};
}

UpstreamResult<void> add_tools(const GenerateRequest& request, json::object& body) {
  if (request.tools.empty()) return {};
  json::array declarations;
  for (const inference::Tool& tool : request.tools) {
    json::object one{{"name", tool.name}, {"description", tool.description}};
    if (!tool.parameters.empty()) {
      auto schema = read_own_json(tool.parameters, "tools.parameters");
      if (!schema) return tl::unexpected(schema.error());
      one["parametersJsonSchema"] = std::move(*schema);
    }
    declarations.push_back(std::move(one));
  }
  body["tools"] = json::array{json::object{{"functionDeclarations", std::move(declarations)}}};
  const char* mode = request.tool_choice == inference::ToolChoice::kRequired ? "ANY"
                     : request.tool_choice == inference::ToolChoice::kNone   ? "NONE"
                                                                             : "AUTO";
  body["toolConfig"] = json::object{{"functionCallingConfig", json::object{{"mode", mode}}}};
  return {};
}

UpstreamResult<json::object> configuration(const Provider& provider, const GenerateRequest& request) {
  const inference::SamplingOptions& asked = request.sampling;
  const inference::SamplingOptions usual;
  json::object config;
  if (request.max_tokens >= 0) config["maxOutputTokens"] = request.max_tokens;
  if (asked.temperature != usual.temperature) config["temperature"] = asked.temperature;
  if (asked.top_p != usual.top_p && asked.top_p != 1) config["topP"] = asked.top_p;
  if (asked.top_k != usual.top_k && asked.top_k != 0) config["topK"] = asked.top_k;
  if (asked.presence_penalty != 0) config["presencePenalty"] = asked.presence_penalty;
  if (asked.frequency_penalty != 0) config["frequencyPenalty"] = asked.frequency_penalty;
  constexpr std::uint32_t kPositive = 0x7fffffff;
  if (asked.seed) config["seed"] = *asked.seed & kPositive;
  if (!request.stop.empty()) config["stopSequences"] = json::value_from(request.stop);
  if (request.json_schema) {
    auto schema = read_own_json(*request.json_schema, "json_schema");
    if (!schema) return tl::unexpected(schema.error());
    config["responseMimeType"] = "application/json";
    config["responseJsonSchema"] = std::move(*schema);
  }
  if (request.thinking && (provider.features & kReasoning) != 0)
    config["thinkingConfig"] = json::object{{"includeThoughts", true}};
  return config;
}

class Reader : public AnswerReader {
 public:
  explicit Reader(AnswerBuilder& builder) : builder_(builder) {}

  UpstreamResult<void> event(std::string_view, std::string_view data) override { return whole(data); }

  UpstreamResult<void> whole(std::string_view body) override {
    auto object = read_object(body);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, body)) return tl::unexpected(std::move(*error));
    if (const json::object* feedback = object_in(*object, "promptFeedback"))
      if (!text_in(*feedback, "blockReason").empty())
        return upstream_fail(Fault::kContentFiltered, message("the prompt was refused by its content filter"));
    builder_.answer().served_model = text_in(*object, "modelVersion");
    if (const json::object* used = object_in(*object, "usageMetadata")) usage(*used);
    const json::array* candidates = array_in(*object, "candidates");
    if (candidates == nullptr && !object->contains("usageMetadata"))
      return upstream_fail(Fault::kNotUnderstood, message("the answer has no candidates"));
    if (candidates == nullptr || candidates->empty() || !candidates->front().is_object()) return {};
    return candidate(candidates->front().get_object());
  }

  bool complete() const override { return builder_.finished(); }

 private:
  UpstreamResult<void> candidate(const json::object& candidate) {
    const json::object* content = object_in(candidate, "content");
    const json::array* parts = content == nullptr ? nullptr : array_in(*content, "parts");
    if (parts != nullptr)
      for (const json::value& part : *parts)
        if (part.is_object())
          if (auto read = read_part(part.get_object()); !read) return read;
    const std::string reason = text_in(candidate, "finishReason");
    if (reason.empty()) return {};
    if (reason == "STOP" || reason == "MAX_TOKENS") {
      builder_.finish(reason == "STOP" ? inference::FinishReason::kStop : inference::FinishReason::kLength);
      return {};
    }
    constexpr std::string_view kFiltered[] = {"SAFETY", "RECITATION", "BLOCKLIST",   "PROHIBITED_CONTENT",
                                              "SPII",   "LANGUAGE",   "IMAGE_SAFETY"};
    if (std::ranges::find(kFiltered, reason) != std::end(kFiltered))
      return upstream_fail(Fault::kContentFiltered, message("the answer was cut off by its content filter"));
    return upstream_fail(Fault::kServerError, message("the answer ended with an error"));
  }

  UpstreamResult<void> read_part(const json::object& part) {
    if (const json::object* call = object_in(part, "functionCall")) {
      const json::object* arguments = object_in(*call, "args");
      return builder_.tool_call(calls_++, text_in(*call, "id"), text_in(*call, "name"),
                                arguments == nullptr ? "{}" : json::serialize(*arguments));
    }
    const json::value* thought = part.if_contains("thought");
    if (thought != nullptr && thought->is_bool() && thought->get_bool()) return builder_.thought(text_in(part, "text"));
    return builder_.text(text_in(part, "text"));
  }

  void usage(const json::object& used) {
    Answer& answer = builder_.answer();
    inference::Usage& usage = answer.generation.usage;
    answer.usage_known = true;
    usage.prompt_tokens = count_in(used, "promptTokenCount");
    usage.cached_prompt_tokens = std::min(count_in(used, "cachedContentTokenCount"), usage.prompt_tokens);
    answer.reasoning_tokens = count_in(used, "thoughtsTokenCount");
    usage.completion_tokens = count_in(used, "candidatesTokenCount") + answer.reasoning_tokens;
  }

  AnswerBuilder& builder_;
  std::int64_t calls_ = 0;
};

class Gemini : public WireDialect {
 public:
  explicit Gemini(const Provider& provider) : provider_(provider) {}

  net::Headers headers(const std::string& key) const override {
    net::Headers headers;
    if (!key.empty()) headers.add("x-goog-api-key", key);
    return headers;
  }

  UpstreamResult<WireRequest> generation(const std::string& model, const GenerateRequest& request) const override {
    json::object body;
    if (auto added = add_contents(request, body); !added) return tl::unexpected(added.error());
    if (auto added = add_tools(request, body); !added) return tl::unexpected(added.error());
    auto config = configuration(provider_, request);
    if (!config) return tl::unexpected(config.error());
    if (!config->empty()) body["generationConfig"] = std::move(*config);
    return WireRequest{"/models/" + net::percent_encode(model) + ":streamGenerateContent?alt=sse",
                       json::serialize(body)};
  }

  std::unique_ptr<AnswerReader> reader(const GenerateRequest&, AnswerBuilder& builder) const override {
    return std::make_unique<Reader>(builder);
  }

  UpstreamResult<WireRequest> embedding(const std::string& model,
                                        const inference::EmbedRequest& request) const override {
    json::array requests;
    for (const std::string& text : request.texts)
      requests.push_back(json::object{{"model", "models/" + model},
                                      {"content", json::object{{"parts", json::array{text_part(text)}}}}});
    return WireRequest{"/models/" + net::percent_encode(model) + ":batchEmbedContents",
                       json::serialize(json::object{{"requests", std::move(requests)}})};
  }

  UpstreamResult<Embedded> read_embeddings(std::string_view body, std::size_t texts) const override {
    auto object = read_object(body);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, body)) return tl::unexpected(std::move(*error));
    const json::array* list = array_in(*object, "embeddings");
    if (list == nullptr || list->size() != texts)
      return upstream_fail(Fault::kNotUnderstood, message("the answer has {} vectors for {} texts",
                                                          list == nullptr ? 0 : list->size(), texts));
    Embedded embedded;
    for (const json::value& entry : *list) {
      std::vector<float> values =
          entry.is_object() ? vector_of(entry.get_object().if_contains("values")) : std::vector<float>();
      if (values.empty()) return upstream_fail(Fault::kNotUnderstood, message("a vector is missing or none"));
      embedded.vectors.push_back({std::move(values), 0});
    }
    return embedded;
  }

  std::string models_path() const override { return "/models?pageSize=1000"; }
  UpstreamResult<std::vector<std::string>> read_models(std::string_view body) const override {
    auto object = read_object(body);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, body)) return tl::unexpected(std::move(*error));
    const json::array* list = array_in(*object, "models");
    if (list == nullptr) return upstream_fail(Fault::kNotUnderstood, message("the answer has no list of models"));
    constexpr std::string_view kPrefix = "models/";
    std::vector<std::string> names;
    for (const json::value& entry : *list) {
      std::string name = entry.is_object() ? text_in(entry.get_object(), "name") : std::string();
      if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
      if (!name.empty()) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
  }

 private:
  const Provider& provider_;
};

}  // namespace

std::unique_ptr<WireDialect> make_gemini(const Provider& provider) { return std::make_unique<Gemini>(provider); }

}  // namespace zubr::providers
