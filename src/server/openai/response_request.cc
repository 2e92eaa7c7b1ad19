#include "server/openai/response_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/json/json_fields.h"
#include "server/openai/generate_fields.h"
#include "server/openai/response_items.h"
#include "server/openai/tool_fields.h"

namespace zubr::server::openai {
namespace json = boost::json;
using inference::Tool;
using inference::ToolChoice;

namespace {

constexpr std::size_t kMostItems = 10'000;

void read_input(JsonFields& fields, ResponseRequest& request) {
  const json::value* input = fields.find("input");
  if (!input) return fields.fail("input", "'input' is missing", "missing");
  if (const json::string* text = input->if_string()) {
    request.input.push_back(text_item({text->data(), text->size()}));
  } else if (const json::array* items = input->if_array()) {
    if (items->empty() || items->size() > kMostItems)
      return fields.fail("input",
                         fmt::format("'input' must hold 1 to {} items, it holds {}", kMostItems, items->size()));
    request.input = *items;
  } else {
    fields.fail("input", "'input' must be a string or an array of items", "invalid_type");
  }
}

// Functions are flat here: {"type": "function", "name": …, "parameters": …, "strict": …}.
void read_functions(JsonFields& fields, std::vector<Tool>& tools, std::optional<ApiError>& error) {
  const json::array* list = fields.array("tools");
  if (!list) return;
  if (list->size() > kMaxTools)
    return fields.fail("tools", fmt::format("'tools' may hold {} tools, it holds {}", kMaxTools, list->size()));
  for (std::size_t i = 0; i < list->size() && !error; ++i) {
    const std::string here = fmt::format("tools[{}]", i);
    const json::object* object = (*list)[i].if_object();
    if (!object) return fields.fail(here, fmt::format("'{}' must be an object", here), "invalid_type");
    JsonFields inner(*object, here + ".", error);
    const std::string type = inner.string("type").value_or("");
    if (type != "function")
      return inner.fail("type",
                        fmt::format("a tool of type '{}' is not supported by this server; there is function", type),
                        "unsupported");
    Tool tool{.name = inner.string("name").value_or(""),
              .description = inner.string("description").value_or(""),
              .parameters = {},
              .strict = inner.boolean("strict").value_or(true)};
    if (!is_tool_name(tool.name))
      return inner.fail("name",
                        fmt::format("'{}.name' must be 1 to 64 of A-Z a-z 0-9 _ -, it is '{}'", here, tool.name));
    if (std::ranges::find(tools, tool.name, &Tool::name) != tools.end())
      return fields.fail(here, fmt::format("the tool '{}' is there twice", tool.name));
    if (const json::object* parameters = inner.object("parameters")) tool.parameters = json::serialize(*parameters);
    tools.push_back(std::move(tool));
  }
}

void read_choice(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error) {
  const json::value* value = fields.find("tool_choice");
  if (!value) return;
  if (const json::object* object = value->if_object()) {
    JsonFields inner(*object, "tool_choice.", error);
    const std::string name = inner.string("name").value_or("");
    const auto found = std::ranges::find(generate.tools, name, &Tool::name);
    if (found == generate.tools.end())
      return inner.fail("name", fmt::format("'tool_choice' names '{}', which is no tool", name));
    generate.tools = {Tool(*found)};
    generate.tool_choice = ToolChoice::kRequired;
    return;
  }
  const std::string mode = fields.string("tool_choice").value_or("auto");
  if (mode == "none")
    generate.tool_choice = ToolChoice::kNone;
  else if (mode == "required")
    generate.tool_choice = ToolChoice::kRequired;
  else if (mode != "auto")
    fields.fail("tool_choice",
                fmt::format("'tool_choice' must be none, auto, required or a function, it is '{}'", mode));
  if (generate.tool_choice == ToolChoice::kRequired && generate.tools.empty())
    fields.fail("tool_choice", "'tool_choice' asks for a tool, and there are none in 'tools'");
}

void read_format(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error) {
  const json::object* text = fields.object("text");
  if (!text) return;
  JsonFields outer(*text, "text.", error);
  const json::object* format = outer.object("format");
  if (!format) return;
  JsonFields inner(*format, "text.format.", error);
  const std::string type = inner.string("type").value_or("");
  if (type == "text") return;
  if (type == "json_object") {
    generate.json_schema = R"({"type":"object"})";
    return;
  }
  if (type != "json_schema")
    return inner.fail("type",
                      fmt::format("'text.format.type' must be text, json_object or json_schema, it is '{}'", type));
  const json::object* schema = inner.object("schema");
  if (!schema) return inner.fail("schema", "'text.format.schema' is missing", "missing");
  generate.json_schema = json::serialize(*schema);
}

void refuse_unsupported(JsonFields& fields) {
  if (fields.boolean("background").value_or(false))
    fields.fail("background", fmt::format("'background' is {}", kNotYet), "unsupported");
  for (const char* name : {"conversation", "prompt"}) {
    if (fields.find(name)) fields.fail(name, fmt::format("'{}' is {}", name, kNotYet), "unsupported");
  }
  if (fields.integer("top_logprobs", 0, 20).value_or(0) > 0)
    fields.fail("top_logprobs", fmt::format("'top_logprobs' is {} here; /v1/chat/completions has it", kNotYet),
                "unsupported");
  const std::string truncation = fields.string("truncation").value_or("disabled");
  if (truncation != "disabled")
    fields.fail("truncation", "nothing is cut here: 'truncation' can only be 'disabled'", "unsupported");
}

json::object echo_of(const json::object& body, const ResponseRequest& request) {
  const auto or_else = [&](const char* name, json::value otherwise) {
    const json::value* value = body.if_contains(name);
    return value && !value->is_null() ? *value : std::move(otherwise);
  };
  json::object echo;
  echo["instructions"] = or_else("instructions", nullptr);
  echo["max_output_tokens"] = or_else("max_output_tokens", nullptr);
  echo["parallel_tool_calls"] = request.generate.parallel_tool_calls;
  echo["previous_response_id"] = or_else("previous_response_id", nullptr);
  echo["reasoning"] = or_else("reasoning", json::object{{"effort", nullptr}, {"summary", nullptr}});
  echo["store"] = request.store;
  echo["temperature"] = request.generate.sampling.temperature;
  echo["text"] = or_else("text", json::object{{"format", json::object{{"type", "text"}}}});
  echo["tool_choice"] = or_else("tool_choice", "auto");
  echo["tools"] = or_else("tools", json::array());
  echo["top_p"] = request.generate.sampling.top_p;
  echo["truncation"] = "disabled";
  echo["user"] = or_else("user", nullptr);
  echo["metadata"] = or_else("metadata", json::object());
  return echo;
}

}  // namespace

ApiResult<ResponseRequest> parse_response_request(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  ResponseRequest request;
  auto& generate = request.generate;
  generate.model = fields.string("model").value_or("");
  read_input(fields, request);
  refuse_unsupported(fields);
  request.instructions = fields.string("instructions").value_or("");
  request.previous_id = fields.string("previous_response_id").value_or("");
  request.store = fields.boolean("store").value_or(true);
  request.stream = fields.boolean("stream").value_or(false);
  fields.object("metadata");
  read_functions(fields, generate.tools, error);
  read_choice(fields, generate, error);
  generate.parallel_tool_calls = fields.boolean("parallel_tool_calls").value_or(true);
  read_sampling(fields, generate.sampling);
  read_max_tokens(fields, {"max_output_tokens"}, generate.max_tokens);
  read_format(fields, generate, error);
  if (const json::object* reasoning = fields.object("reasoning")) {
    JsonFields inner(*reasoning, "reasoning.", error);
    const auto effort = inner.string("effort");
    generate.thinking = effort && *effort != "none" && *effort != "minimal";
  }
  if (error) return tl::unexpected(std::move(*error));
  request.echo = echo_of(*object, request);
  return request;
}

}  // namespace zubr::server::openai
