#include "server/anthropic/message_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "server/json/json_fields.h"
#include "server/media/media_fields.h"
#include "server/openai/generate_fields.h"
#include "server/openai/tool_fields.h"

namespace zubr::server::anthropic {
namespace json = boost::json;
using inference::Message;
using inference::Role;
using inference::ToolChoice;

namespace {

// A string, or an array of text blocks.
std::string read_text(JsonFields& fields, std::string_view name, std::optional<ApiError>& error) {
  const json::value* value = fields.find(name);
  if (!value) return "";
  if (const json::string* text = value->if_string()) return std::string(text->data(), text->size());
  const json::array* blocks = value->if_array();
  std::string all;
  for (std::size_t i = 0; blocks && i < blocks->size() && !error; ++i) {
    const std::string here = fmt::format("{}[{}]", fields.path(name), i);
    const json::object* block = (*blocks)[i].if_object();
    if (!block) {
      error = bad_field(here, fmt::format("'{}' must be an object with a type", here), "invalid_type");
      break;
    }
    JsonFields inner(*block, here + ".", error);
    const std::string type = inner.string("type").value_or("");
    if (type != "text")
      inner.fail("type", fmt::format("a block of type '{}' is not supported by this server here", type), "unsupported");
    all += inner.string("text").value_or("");
  }
  if (!blocks)
    fields.fail(name, fmt::format("'{}' must be a string or an array of blocks", fields.path(name)), "invalid_type");
  return all;
}

void read_block(JsonFields& block, Message& message, std::vector<Message>& results, std::optional<ApiError>& error) {
  const std::string type = block.string("type").value_or("");
  if (type == "text") {
    message.content += block.string("text").value_or("");
  } else if (type == "image") {
    const json::object* source = block.object("source");
    if (!source) return block.fail("source", fmt::format("'{}' is missing", block.path("source")), "missing");
    JsonFields fields(*source, block.path("source") + ".", error);
    const std::string kind = fields.string("type").value_or("");
    if (kind == "base64")
      read_base64(fields, "data", message);
    else if (kind == "url")
      read_url(fields, "url", message);
    else
      fields.fail("type", fmt::format("'{}' must be base64 or url", fields.path("type")), "unsupported");
  } else if (type == "tool_use") {
    inference::ToolCall call{
        .id = block.string("id").value_or(""), .name = block.string("name").value_or(""), .arguments = "{}"};
    if (const json::object* input = block.object("input")) call.arguments = json::serialize(*input);
    if (call.name.empty()) block.fail("name", fmt::format("'{}' is missing", block.path("name")), "missing");
    message.tool_calls.push_back(std::move(call));
  } else if (type == "tool_result") {
    Message result{Role::kTool, read_text(block, "content", error)};
    result.tool_call_id = block.string("tool_use_id").value_or("");
    if (result.tool_call_id.empty())
      block.fail("tool_use_id", fmt::format("'{}' is missing", block.path("tool_use_id")), "missing");
    if (block.boolean("is_error").value_or(false)) result.content = "Error: " + result.content;
    results.push_back(std::move(result));
  } else if (type != "thinking" && type != "redacted_thinking") {  // earlier thoughts are not shown to the model again
    block.fail("type", fmt::format("a block of type '{}' is not supported by this server", type), "unsupported");
  }
}

void read_message(const json::value& value, const std::string& path, std::vector<Message>& messages,
                  std::optional<ApiError>& error) {
  const json::object* object = value.if_object();
  if (!object) {
    error = bad_field(path, fmt::format("'{}' must be an object with role and content", path), "invalid_type");
    return;
  }
  JsonFields fields(*object, path + ".", error);
  const std::string role = fields.string("role").value_or("");
  if (role != "user" && role != "assistant")
    return fields.fail("role", fmt::format("'{}.role' must be user or assistant, it is '{}'", path, role));
  Message message{role == "user" ? Role::kUser : Role::kAssistant, ""};
  std::vector<Message> results;
  const json::value* content = fields.find("content");
  if (!content) return fields.fail("content", fmt::format("'{}.content' is missing", path), "missing");
  if (const json::string* text = content->if_string()) {
    message.content = std::string(text->data(), text->size());
  } else if (const json::array* blocks = content->if_array()) {
    for (std::size_t i = 0; i < blocks->size() && !error; ++i) {
      const std::string here = fmt::format("{}.content[{}]", path, i);
      const json::object* block = (*blocks)[i].if_object();
      if (!block) {
        error = bad_field(here, fmt::format("'{}' must be an object with a type", here), "invalid_type");
        return;
      }
      JsonFields inner(*block, here + ".", error);
      read_block(inner, message, results, error);
    }
  } else {
    return fields.fail("content", fmt::format("'{}.content' must be a string or an array of blocks", path),
                       "invalid_type");
  }
  const bool only_results = !results.empty() && message.content.empty();
  std::ranges::move(results, std::back_inserter(messages));
  if (!only_results) messages.push_back(std::move(message));
}

void read_tools(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error) {
  const json::array* list = fields.array("tools");
  if (!list) return;
  if (list->size() > openai::kMaxTools)
    return fields.fail("tools", fmt::format("'tools' may hold {} tools, it holds {}", openai::kMaxTools, list->size()));
  for (std::size_t i = 0; i < list->size() && !error; ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    const json::object* object = (*list)[i].if_object();
    if (!object) {
      error = bad_field(path, fmt::format("'{}' must be an object", path), "invalid_type");
      return;
    }
    JsonFields tool(*object, path + ".", error);
    if (const auto type = tool.string("type"); type && *type != "custom")
      return tool.fail("type", fmt::format("a tool of type '{}' is not supported by this server", *type),
                       "unsupported");
    inference::Tool made{.name = tool.string("name").value_or(""),
                         .description = tool.string("description").value_or(""),
                         .parameters = {},
                         .strict = tool.boolean("strict").value_or(false)};
    if (!openai::is_tool_name(made.name))
      return tool.fail("name",
                       fmt::format("'{}.name' must be 1 to 64 of A-Z a-z 0-9 _ -, it is '{}'", path, made.name));
    const json::object* schema = tool.object("input_schema");
    if (!error && !schema)
      return tool.fail("input_schema", fmt::format("'{}.input_schema' is missing", path), "missing");
    if (schema) made.parameters = json::serialize(*schema);
    generate.tools.push_back(std::move(made));
  }
}

void read_tool_choice(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error) {
  const json::object* object = fields.object("tool_choice");
  if (!object) return;
  JsonFields choice(*object, "tool_choice.", error);
  const std::string type = choice.string("type").value_or("");
  generate.parallel_tool_calls = !choice.boolean("disable_parallel_tool_use").value_or(false);
  if (type == "any" || type == "tool")
    generate.tool_choice = ToolChoice::kRequired;
  else if (type == "none")
    generate.tool_choice = ToolChoice::kNone;
  else if (type != "auto")
    return choice.fail("type", fmt::format("'tool_choice.type' must be auto, any, tool or none, it is '{}'", type));
  if (type == "tool") {
    const std::string name = choice.string("name").value_or("");
    const auto found = std::ranges::find(generate.tools, name, &inference::Tool::name);
    if (found == generate.tools.end())
      return choice.fail("name", fmt::format("'tool_choice' names '{}', which is no tool", name));
    generate.tools = {inference::Tool(*found)};
  }
  if (generate.tool_choice == ToolChoice::kRequired && generate.tools.empty())
    choice.fail("type", "'tool_choice' asks for a tool, and there are none in 'tools'");
}

void read_limits(JsonFields& fields, inference::GenerateRequest& generate, bool counting) {
  const auto most = fields.integer("max_tokens", 1, std::numeric_limits<int>::max());
  if (most)
    generate.max_tokens = static_cast<int>(*most);
  else if (!counting)
    fields.fail("max_tokens", "'max_tokens' is missing", "missing");
  auto& sampling = generate.sampling;
  sampling.temperature = fields.number("temperature", 0, 1).value_or(sampling.temperature);
  sampling.top_p = fields.number("top_p", 0, 1).value_or(sampling.top_p);
  sampling.top_k = static_cast<int>(fields.integer("top_k", 0, 1 << 20).value_or(sampling.top_k));
  openai::read_stop(fields, "stop_sequences", generate.stop);
}

}  // namespace

ApiResult<MessageRequest> parse_message_request(std::string_view body, const ServerLimits& limits, bool counting) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  MessageRequest request;
  auto& generate = request.generate;
  generate.model = fields.string("model").value_or("");
  if (std::string system = read_text(fields, "system", error); !system.empty())
    generate.messages.push_back({Role::kSystem, std::move(system)});
  const json::array* messages = fields.array("messages");
  if (!error && (!messages || messages->empty())) fields.fail("messages", "'messages' is missing or empty", "missing");
  for (std::size_t i = 0; messages && i < messages->size() && !error; ++i)
    read_message((*messages)[i], fmt::format("messages[{}]", i), generate.messages, error);
  if (!error && generate.messages.back().role == Role::kAssistant)
    fields.fail("messages", "the last message is the assistant's; this server does not go on with a begun answer",
                "unsupported");
  read_limits(fields, generate, counting);
  read_tools(fields, generate, error);
  if (!error) read_tool_choice(fields, generate, error);
  if (const json::object* thinking = fields.object("thinking")) {
    JsonFields inner(*thinking, "thinking.", error);
    generate.thinking = inner.string("type").value_or("") != "disabled";
  }
  request.stream = fields.boolean("stream").value_or(false);
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

}  // namespace zubr::server::anthropic
