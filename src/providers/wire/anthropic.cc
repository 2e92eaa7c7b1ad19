// Anthropic's Messages API.
#include <algorithm>

#include "providers/wire/dialect.h"
#include "providers/wire/json_reading.h"

namespace zubr::providers {
namespace json = boost::json;
namespace {

using inference::GenerateRequest;
using inference::Message;
using inference::Role;

// Blocks of one message of ours; an answer to a tool call is the user's there.
UpstreamResult<json::array> blocks_of(const Message& message) {
  json::array blocks;
  if (message.role == Role::kTool) {
    blocks.push_back(
        json::object{{"type", "tool_result"}, {"tool_use_id", message.tool_call_id}, {"content", message.content}});
    return blocks;
  }
  if (!message.content.empty()) blocks.push_back(json::object{{"type", "text"}, {"text", message.content}});
  for (const inference::ToolCall& call : message.tool_calls) {
    auto input = read_own_json(call.arguments.empty() ? "{}" : call.arguments, "tool_calls.arguments");
    if (!input) return tl::unexpected(input.error());
    blocks.push_back(
        json::object{{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", std::move(*input)}});
  }
  return blocks;
}

// Turns alternate there: messages of one side that follow each other become one.
UpstreamResult<void> add_messages(const GenerateRequest& request, json::object& body) {
  std::string system;
  json::array turns;
  std::string_view last;
  for (const Message& message : request.messages) {
    if (message.role == Role::kSystem) {
      if (!system.empty()) system += "\n\n";
      system += message.content;
      continue;
    }
    auto blocks = blocks_of(message);
    if (!blocks) return tl::unexpected(blocks.error());
    if (blocks->empty()) continue;
    const std::string_view side = message.role == Role::kAssistant ? "assistant" : "user";
    if (side != last) turns.push_back(json::object{{"role", side}, {"content", json::array{}}});
    last = side;
    json::array& content = turns.back().get_object()["content"].get_array();
    for (json::value& block : *blocks) content.push_back(std::move(block));
  }
  if (!system.empty()) body["system"] = std::move(system);
  body["messages"] = std::move(turns);
  return {};
}

UpstreamResult<void> add_tools(const GenerateRequest& request, json::object& body) {
  if (request.tools.empty()) return {};
  json::array tools;
  for (const inference::Tool& tool : request.tools) {
    auto schema = read_own_json(tool.parameters.empty() ? R"({"type":"object"})" : tool.parameters, "tools.parameters");
    if (!schema) return tl::unexpected(schema.error());
    json::object one{{"name", tool.name}, {"input_schema", std::move(*schema)}};
    if (!tool.description.empty()) one["description"] = tool.description;
    tools.push_back(std::move(one));
  }
  body["tools"] = std::move(tools);
  json::object choice{{"type", request.tool_choice == inference::ToolChoice::kRequired ? "any"
                               : request.tool_choice == inference::ToolChoice::kNone   ? "none"
                                                                                       : "auto"}};
  if (!request.parallel_tool_calls && request.tool_choice != inference::ToolChoice::kNone)
    choice["disable_parallel_tool_use"] = true;
  body["tool_choice"] = std::move(choice);
  return {};
}

class Reader : public AnswerReader {
 public:
  explicit Reader(AnswerBuilder& builder) : builder_(builder) {}

  UpstreamResult<void> event(std::string_view, std::string_view data) override {
    auto object = read_object(data);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, data)) return tl::unexpected(std::move(*error));
    const std::string type = text_in(*object, "type");
    if (type == "message_start") {
      if (const json::object* message = object_in(*object, "message")) begin(*message);
    } else if (type == "content_block_start") {
      if (const json::object* part = object_in(*object, "content_block")) return block(*part, index_of(*object), false);
    } else if (type == "content_block_delta") {
      if (const json::object* part = object_in(*object, "delta")) return delta(*part, index_of(*object));
    } else if (type == "message_delta") {
      if (const json::object* used = object_in(*object, "usage")) usage(*used);
      if (const json::object* part = object_in(*object, "delta")) return stop(*part);
    } else if (type == "message_stop") {
      done_ = true;
    }
    return {};
  }

  UpstreamResult<void> whole(std::string_view body) override {
    auto object = read_object(body);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, body)) return tl::unexpected(std::move(*error));
    const json::array* content = array_in(*object, "content");
    if (content == nullptr) return upstream_fail(Fault::kNotUnderstood, message("the answer has no content"));
    begin(*object);
    std::int64_t index = 0;
    for (const json::value& part : *content) {
      if (!part.is_object()) continue;
      if (auto read = block(part.get_object(), index, true); !read) return read;
      ++index;
    }
    done_ = true;
    return stop(*object);
  }

  bool complete() const override { return done_ || builder_.finished(); }

 private:
  static std::int64_t index_of(const json::object& object) { return count_in(object, "index"); }

  void begin(const json::object& message) {
    builder_.answer().served_model = text_in(message, "model");
    if (const json::object* used = object_in(message, "usage")) usage(*used);
  }

  UpstreamResult<void> block(const json::object& part, std::int64_t index, bool is_whole) {
    const std::string type = text_in(part, "type");
    if (type == "text") return builder_.text(text_in(part, "text"));
    if (type == "thinking") return builder_.thought(text_in(part, "thinking"));
    if (type != "tool_use") return {};
    const json::object* input = is_whole ? object_in(part, "input") : nullptr;
    return builder_.tool_call(index, text_in(part, "id"), text_in(part, "name"),
                              input == nullptr ? std::string() : json::serialize(*input));
  }

  UpstreamResult<void> delta(const json::object& part, std::int64_t index) {
    const std::string type = text_in(part, "type");
    if (type == "text_delta") return builder_.text(text_in(part, "text"));
    if (type == "thinking_delta") return builder_.thought(text_in(part, "thinking"));
    if (type == "input_json_delta") return builder_.tool_call(index, {}, {}, text_in(part, "partial_json"));
    return {};
  }

  UpstreamResult<void> stop(const json::object& part) {
    const std::string reason = text_in(part, "stop_reason");
    if (reason.empty()) return {};
    if (reason == "refusal") return upstream_fail(Fault::kContentFiltered, message("the model refused to answer"));
    builder_.finish(reason == "max_tokens" || reason == "model_context_window_exceeded"
                        ? inference::FinishReason::kLength
                        : inference::FinishReason::kStop);
    builder_.stopped_by(text_in(part, "stop_sequence"));
    return {};
  }

  // The parts of the prompt are counted apart there: new, from the cache, into the cache.
  void usage(const json::object& used) {
    Answer& answer = builder_.answer();
    inference::Usage& usage = answer.generation.usage;
    if (used.contains("input_tokens")) {
      usage.cached_prompt_tokens = count_in(used, "cache_read_input_tokens");
      answer.cache_write_tokens = count_in(used, "cache_creation_input_tokens");
      usage.prompt_tokens = count_in(used, "input_tokens") + usage.cached_prompt_tokens + answer.cache_write_tokens;
    }
    if (used.contains("output_tokens")) {
      usage.completion_tokens = count_in(used, "output_tokens");
      answer.usage_known = true;
    }
  }

  AnswerBuilder& builder_;
  bool done_ = false;
};

class Anthropic : public WireDialect {
 public:
  explicit Anthropic(const Provider& provider) : provider_(provider) {}

  net::Headers headers(const std::string& key) const override {
    net::Headers headers{{"anthropic-version", provider_.api_version.empty() ? "2023-06-01" : provider_.api_version}};
    if (!key.empty()) headers.add("x-api-key", key);
    return headers;
  }

  UpstreamResult<WireRequest> generation(const std::string& model, const GenerateRequest& request) const override {
    constexpr int kDefaultMaxTokens = 4096, kLeastThought = 1024;
    const int usual = provider_.limits.default_max_tokens > 0 ? provider_.limits.default_max_tokens : kDefaultMaxTokens;
    const int max_tokens = request.max_tokens >= 0 ? request.max_tokens : usual;
    json::object body{{"model", model}, {"stream", true}, {"max_tokens", max_tokens}};
    if (auto added = add_messages(request, body); !added) return tl::unexpected(added.error());
    if (auto added = add_tools(request, body); !added) return tl::unexpected(added.error());
    if (!request.stop.empty()) body["stop_sequences"] = json::value_from(request.stop);
    const bool thinks = request.thinking && max_tokens >= 2 * kLeastThought &&
                        std::ranges::none_of(request.messages, [](const Message& m) { return !m.tool_calls.empty(); });
    if (thinks) body["thinking"] = json::object{{"type", "enabled"}, {"budget_tokens", max_tokens / 2}};
    const inference::SamplingOptions& asked = request.sampling;
    const inference::SamplingOptions usual_sampling;
    if (thinks) return WireRequest{"/messages", json::serialize(body)};  // takes no sampling beside it
    if (asked.temperature != usual_sampling.temperature) body["temperature"] = std::min(asked.temperature, 1.0);
    if (asked.top_p != usual_sampling.top_p && asked.top_p != 1) body["top_p"] = asked.top_p;
    if (asked.top_k != usual_sampling.top_k && asked.top_k != 0) body["top_k"] = asked.top_k;
    return WireRequest{"/messages", json::serialize(body)};
  }

  std::unique_ptr<AnswerReader> reader(const GenerateRequest&, AnswerBuilder& builder) const override {
    return std::make_unique<Reader>(builder);
  }

  UpstreamResult<WireRequest> embedding(const std::string&, const inference::EmbedRequest&) const override {
    return upstream_fail(Fault::kUnsupported, message("it makes no vectors"));
  }
  UpstreamResult<Embedded> read_embeddings(std::string_view, std::size_t) const override {
    return upstream_fail(Fault::kUnsupported, message("it makes no vectors"));
  }

  std::string models_path() const override { return "/models?limit=1000"; }
  UpstreamResult<std::vector<std::string>> read_models(std::string_view body) const override {
    return make_open_ai(provider_)->read_models(body);
  }

 private:
  const Provider& provider_;
};

}  // namespace

std::unique_ptr<WireDialect> make_anthropic(const Provider& provider) { return std::make_unique<Anthropic>(provider); }

}  // namespace zubr::providers
