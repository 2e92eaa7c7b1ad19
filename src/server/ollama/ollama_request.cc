#include "server/ollama/ollama_request.h"

#include <fmt/format.h>

#include <limits>

#include "server/duration.h"
#include "server/json/json_fields.h"
#include "server/media/media_fields.h"
#include "server/ollama/ollama_messages.h"
#include "server/openai/generate_fields.h"

namespace zubr::server::ollama {
namespace json = boost::json;

namespace {

constexpr double kAnyNumber = 1e9;
constexpr int kMostLogprobs = 20;

std::optional<std::chrono::milliseconds> read_keep_alive(JsonFields& fields) {
  const json::value* value = fields.find("keep_alive");
  if (!value) return std::nullopt;
  std::optional<std::chrono::milliseconds> time;
  if (value->is_number()) time = seconds_duration(value->to_number<double>());
  if (value->is_string()) time = parse_duration(std::string_view(value->get_string()));
  if (!time) fields.fail("keep_alive", "'keep_alive' must be a duration (\"5m\") or a number of seconds");
  return time;
}

void read_format(JsonFields& fields, inference::GenerateRequest& generate) {
  const json::value* value = fields.find("format");
  if (!value) return;
  if (value->is_object()) {
    generate.json_schema = json::serialize(*value);
  } else if (*value == "json") {
    generate.json_schema = R"({"type":"object"})";
  } else if (*value != "") {
    fields.fail("format", "'format' must be \"json\" or a JSON schema");
  }
}

bool read_think(JsonFields& fields) {
  const json::value* value = fields.find("think");
  if (!value) return false;
  if (value->is_bool()) return value->get_bool();
  for (const char* effort : {"low", "medium", "high", "max"}) {
    if (*value == effort) return true;
  }
  fields.fail("think", "'think' must be true, false, \"low\", \"medium\" or \"high\"");
  return false;
}

// What of Ollama's options changes the answer here.
void read_options(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error) {
  const json::object* object = fields.object("options");
  if (!object) return;
  JsonFields options(*object, "options.", error);
  inference::SamplingOptions& sampling = generate.sampling;
  sampling.temperature = options.number("temperature", 0, 100).value_or(sampling.temperature);
  sampling.top_k = static_cast<int>(options.integer("top_k", -1, 1 << 20).value_or(sampling.top_k));
  if (sampling.top_k < 0) sampling.top_k = 0;
  sampling.top_p = options.number("top_p", 0, 1).value_or(sampling.top_p);
  sampling.min_p = options.number("min_p", 0, 1).value_or(sampling.min_p);
  sampling.typical_p = options.number("typical_p", 0, 1).value_or(sampling.typical_p);
  sampling.repeat_penalty = options.number("repeat_penalty", 0.01, 100).value_or(sampling.repeat_penalty);
  sampling.presence_penalty = options.number("presence_penalty", -100, 100).value_or(sampling.presence_penalty);
  sampling.frequency_penalty = options.number("frequency_penalty", -100, 100).value_or(sampling.frequency_penalty);
  constexpr int kWindow = 64;  // -1 is the whole context to Ollama; no window is longer than this one
  const auto window = options.integer("repeat_last_n", -1, 1 << 30).value_or(kWindow);
  sampling.penalty_window = window < 0 || window > kWindow ? kWindow : static_cast<int>(window);
  openai::read_seed(options, sampling);
  openai::read_stop(options, "stop", generate.stop);
  const auto predict = options.integer("num_predict", -2, std::numeric_limits<int>::max()).value_or(-1);
  generate.max_tokens = predict < 0 ? -1 : static_cast<int>(predict);
  // A smaller context than the model's is kept to; an input that does not fit is refused, never cut.
  generate.context_tokens = static_cast<int>(options.number("num_ctx", 0, kAnyNumber).value_or(0));
}

void read_shared(JsonFields& fields, GenerateRequest& request, std::optional<ApiError>& error) {
  request.generate.model = fields.string("model").value_or("");
  request.stream = fields.boolean("stream").value_or(true);
  request.thinking_wanted = read_think(fields);
  request.generate.thinking = request.thinking_wanted;
  fields.boolean("truncate");
  fields.boolean("shift");
  request.keep_alive = read_keep_alive(fields);
  read_format(fields, request.generate);
  read_options(fields, request.generate, error);
  const bool logprobs = fields.boolean("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, kMostLogprobs);
  if (logprobs || top.value_or(0) > 0) request.generate.top_logprobs = static_cast<int>(top.value_or(0));
}

void read_context(JsonFields& fields, GenerateRequest& request) {
  const json::array* context = fields.array("context");
  if (!context) return;
  for (const json::value& token : *context) {
    const auto* number = token.if_int64();
    if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max())
      return fields.fail("context", "'context' must be an array of tokens, as an answer gave it");
    request.context.push_back(static_cast<std::int32_t>(*number));
  }
}

// Unwraps what every parser of this file begins and ends with.
template <typename Request, typename Read>
ApiResult<Request> parse(std::string_view body, const ServerLimits& limits, const Read& read) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  Request request;
  read(fields, request, error);
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

void read_texts(JsonFields& fields, EmbedRequest& request) {
  const json::value* input = fields.find("input");
  if (!input) return;  // no texts: load the model
  if (const json::string* one = input->if_string()) {
    if (!one->empty()) request.inputs.emplace_back(one->data(), one->size());
    return;
  }
  const json::array* list = input->if_array();
  if (!list) return fields.fail("input", "'input' must be a string or an array of strings", "invalid_type");
  for (const json::value& item : *list) {
    const json::string* text = item.if_string();
    if (!text) return fields.fail("input", "'input' must be a string or an array of strings", "invalid_type");
    request.inputs.emplace_back(text->data(), text->size());
  }
}

}  // namespace

ApiResult<GenerateRequest> parse_generate(std::string_view body, const ServerLimits& limits) {
  return parse<GenerateRequest>(body, limits, [](JsonFields& fields, GenerateRequest& request, auto& error) {
    read_shared(fields, request, error);
    request.prompt = fields.string("prompt").value_or("");
    request.system = fields.string("system").value_or("");
    request.raw = fields.boolean("raw").value_or(false);
    request.generate.suffix = fields.string("suffix");
    if (request.generate.suffix && request.generate.suffix->empty()) request.generate.suffix.reset();
    read_context(fields, request);
    if (!fields.string("template").value_or("").empty())
      fields.fail("template", "another template than the model's own is not supported by this server", "unsupported");
    read_images(fields, request.media);
    if (!request.media.empty() && (request.raw || request.generate.suffix || !request.context.empty()))
      fields.fail("images", "'images' do not go together with 'raw', 'suffix' or 'context'", "unsupported");
  });
}

ApiResult<GenerateRequest> parse_chat(std::string_view body, const ServerLimits& limits) {
  return parse<GenerateRequest>(body, limits, [](JsonFields& fields, GenerateRequest& request, auto& error) {
    read_shared(fields, request, error);
    read_messages(fields, request.generate.messages, error);
    read_tools(fields, request.generate.tools, error);
  });
}

ApiResult<EmbedRequest> parse_embed(std::string_view body, const ServerLimits& limits) {
  return parse<EmbedRequest>(body, limits, [](JsonFields& fields, EmbedRequest& request, auto&) {
    request.model = fields.string("model").value_or("");
    read_texts(fields, request);
    request.dimensions = static_cast<int>(fields.integer("dimensions", 0, 1 << 20).value_or(0));
    fields.boolean("truncate");
    request.keep_alive = read_keep_alive(fields);
  });
}

ApiResult<EmbedRequest> parse_embeddings(std::string_view body, const ServerLimits& limits) {
  return parse<EmbedRequest>(body, limits, [](JsonFields& fields, EmbedRequest& request, auto&) {
    request.model = fields.string("model").value_or("");
    if (auto prompt = fields.string("prompt"); prompt && !prompt->empty()) request.inputs.push_back(std::move(*prompt));
    request.keep_alive = read_keep_alive(fields);
  });
}

ApiResult<ModelRequest> parse_model(std::string_view body, const ServerLimits& limits) {
  return parse<ModelRequest>(body, limits, [](JsonFields& fields, ModelRequest& request, auto&) {
    request.model = fields.string("model").value_or(fields.string("name").value_or(""));
    if (request.model.empty()) fields.fail("model", "'model' is missing", "missing");
    request.stream = fields.boolean("stream").value_or(true);
    request.verbose = fields.boolean("verbose").value_or(false);
  });
}

ApiResult<ModelRequest> parse_push(std::string_view body, const ServerLimits& limits) {
  return parse<ModelRequest>(body, limits, [](JsonFields& fields, ModelRequest& request, auto&) {
    request.model = fields.string("model").value_or(fields.string("name").value_or(""));
    if (request.model.empty()) fields.fail("model", "'model' is missing", "missing");
    request.destination = fields.string("to").value_or(request.model);
    request.stream = fields.boolean("stream").value_or(true);
  });
}

ApiResult<ModelRequest> parse_copy(std::string_view body, const ServerLimits& limits) {
  return parse<ModelRequest>(body, limits, [](JsonFields& fields, ModelRequest& request, auto&) {
    request.source = fields.string("source").value_or("");
    request.destination = fields.string("destination").value_or("");
    if (request.source.empty()) fields.fail("source", "'source' is missing", "missing");
    if (request.destination.empty()) fields.fail("destination", "'destination' is missing", "missing");
  });
}

}  // namespace zubr::server::ollama
