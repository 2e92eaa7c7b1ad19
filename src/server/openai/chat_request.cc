#include "server/openai/chat_request.h"
#include "server/media/media_fields.h"

#include <fmt/format.h>

#include "server/json/json_fields.h"
#include "server/openai/generate_fields.h"
#include "server/openai/tool_fields.h"

namespace zubr::server::openai {
namespace json = boost::json;
using inference::Message;
using inference::Role;

namespace {

// {"type": "image_url", "image_url": {"url": …}} or "image_url": "…"; {"type": "input_audio", "input_audio": {"data":
// …}}.
void read_media_part(JsonFields& part, std::string_view type, Message& message, std::optional<ApiError>& error) {
  const json::value* value = part.find(type);
  if (type == "image_url" && value && value->is_string()) return read_url(part, type, message);
  const json::object* holder = part.object(type);
  if (!holder) return part.fail(type, fmt::format("'{}' is missing", part.path(type)), "missing");
  JsonFields fields(*holder, part.path(type) + ".", error);
  type == "image_url" ? read_url(fields, "url", message) : read_base64(fields, "data", message);
}

// A content that is an array of parts.
void read_parts(const json::array& parts, const std::string& path, Message& message, std::optional<ApiError>& error) {
  for (std::size_t i = 0; i < parts.size() && !error; ++i) {
    const std::string here = fmt::format("{}[{}]", path, i);
    const json::object* part = parts[i].if_object();
    if (!part) {
      error = bad_field(here, fmt::format("'{}' must be an object with a type", here), "invalid_type");
      break;
    }
    JsonFields fields(*part, here + ".", error);
    const auto type = fields.string("type");
    if (!type)
      fields.fail("type", fmt::format("'{}.type' is missing", here), "missing");
    else if (*type == "image_url" || *type == "input_audio")
      read_media_part(fields, *type, message, error);
    else if (*type != "text")
      fields.fail("type", fmt::format("a content part of type '{}' is {}", *type, kNotYet), "unsupported");
    else if (auto piece = fields.string("text"))
      message.content += *piece;
    else
      fields.fail("text", fmt::format("'{}.text' is missing", here), "missing");
  }
}

std::optional<Role> role_of(std::string_view name) {
  if (name == "system" || name == "developer") return Role::kSystem;  // OpenAI's newer name for the same
  if (name == "user") return Role::kUser;
  if (name == "assistant") return Role::kAssistant;
  if (name == "tool") return Role::kTool;
  return std::nullopt;
}

void read_calls(const json::array& calls, const std::string& path, Message& message, std::optional<ApiError>& error) {
  for (std::size_t i = 0; i < calls.size() && !error; ++i) {
    const std::string here = fmt::format("{}[{}]", path, i);
    const json::object* call = calls[i].if_object();
    if (!call) {
      error = bad_field(here, fmt::format("'{}' must be an object", here), "invalid_type");
      return;
    }
    JsonFields outer(*call, here + ".", error);
    const json::object* function = outer.object("function");
    if (!function) return outer.fail("function", fmt::format("'{}.function' is missing", here), "missing");
    JsonFields fields(*function, here + ".function.", error);
    inference::ToolCall made{.id = outer.string("id").value_or(""),
                             .name = fields.string("name").value_or(""),
                             .arguments = fields.string("arguments").value_or("{}")};
    if (made.name.empty()) fields.fail("name", fmt::format("'{}.function.name' is missing", here), "missing");
    boost::system::error_code problem;
    const json::value arguments = json::parse(made.arguments.empty() ? "{}" : made.arguments, problem);
    if (problem || !arguments.is_object())
      fields.fail("arguments", fmt::format("'{}.function.arguments' must be a JSON object, as text", here));
    message.tool_calls.push_back(std::move(made));
  }
}

Message read_message(const json::value& value, const std::string& path, std::optional<ApiError>& error) {
  Message message;
  const json::object* object = value.if_object();
  if (!object) {
    error = bad_field(path, fmt::format("'{}' must be an object with role and content", path), "invalid_type");
    return message;
  }
  JsonFields fields(*object, path + ".", error);
  const auto role = fields.string("role");
  if (!role)
    fields.fail("role", fmt::format("'{}.role' is missing", path), "missing");
  else if (const auto known = role_of(*role))
    message.role = *known;
  else
    fields.fail("role",
                fmt::format("'{}.role' must be system, developer, user, assistant or tool, it is '{}'", path, *role));
  if (const json::array* calls = fields.array("tool_calls")) read_calls(*calls, path + ".tool_calls", message, error);
  if (message.role == Role::kTool) {
    message.tool_call_id = fields.string("tool_call_id").value_or("");
    message.tool_name = fields.string("name").value_or("");
    if (message.tool_call_id.empty())
      fields.fail("tool_call_id", fmt::format("'{}.tool_call_id' is missing", path), "missing");
  }
  fields.string("name");
  const json::value* content = fields.find("content");
  if (!content && message.tool_calls.empty())
    fields.fail("content", fmt::format("'{}.content' is missing", path), "missing");
  else if (!content)
    message.content.clear();
  else if (content->is_string())
    message.content = std::string(content->get_string());
  else if (content->is_array())
    read_parts(content->get_array(), path + ".content", message, error);
  else
    fields.fail("content", fmt::format("'{}.content' must be a string or an array of parts", path), "invalid_type");
  return message;
}

void read_messages(JsonFields& fields, ChatRequest& chat, std::optional<ApiError>& error) {
  const json::array* messages = fields.array("messages");
  if (error) return;
  if (!messages) return fields.fail("messages", "'messages' is missing", "missing");
  if (messages->empty()) return fields.fail("messages", "'messages' must hold at least one message, it is empty");
  chat.generate.messages.reserve(messages->size());
  for (std::size_t i = 0; i < messages->size() && !error; ++i)
    chat.generate.messages.push_back(read_message((*messages)[i], fmt::format("messages[{}]", i), error));
}

// Fields that would change the answer, and that we would have to ignore. Saying so is better than a wrong answer.
void refuse_unsupported(JsonFields& fields) {
  if (const json::array* list = fields.array("functions"); list && !list->empty())
    fields.fail("functions", "'functions' is not supported by this server; use 'tools'", "unsupported");
  if (const json::value* value = fields.find("function_call"); value && *value != "none" && *value != "auto")
    fields.fail("function_call", "'function_call' is not supported by this server; use 'tool_choice'", "unsupported");
  if (const json::array* modalities = fields.array("modalities")) {
    for (const json::value& modality : *modalities) {
      if (modality != "text")
        fields.fail("modalities", fmt::format("an output other than text is {}", kNotYet), "unsupported");
    }
  }
}

void read_logprobs(JsonFields& fields, inference::GenerateRequest& generate) {
  constexpr int kMost = 20;
  const bool wanted = fields.boolean("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, kMost);
  if (top.value_or(0) > 0 && !wanted) fields.fail("top_logprobs", "'top_logprobs' needs 'logprobs': true");
  if (wanted) generate.top_logprobs = static_cast<int>(top.value_or(0));
}

void read_effort(JsonFields& fields, inference::GenerateRequest& generate) {
  const auto effort = fields.string("reasoning_effort");
  generate.thinking = effort && *effort != "none";
}

void read_response_format(JsonFields& fields, ChatRequest& chat, std::optional<ApiError>& error) {
  const json::object* format = fields.object("response_format");
  if (!format) return;
  JsonFields inner(*format, "response_format.", error);
  const auto type = inner.string("type");
  if (!type) return inner.fail("type", "'response_format.type' is missing", "missing");
  if (*type == "text") return;
  if (*type == "json_object") {
    chat.generate.json_schema = R"({"type":"object"})";
    return;
  }
  if (*type != "json_schema")
    return inner.fail(
        "type", fmt::format("'response_format.type' must be text, json_object or json_schema, it is '{}'", *type));
  const json::object* holder = inner.object("json_schema");
  if (!holder) return inner.fail("json_schema", "'response_format.json_schema' is missing", "missing");
  JsonFields schema_fields(*holder, "response_format.json_schema.", error);
  schema_fields.boolean("strict");  // it is always strict here
  const json::object* schema = schema_fields.object("schema");
  if (!schema) return schema_fields.fail("schema", "'response_format.json_schema.schema' is missing", "missing");
  chat.generate.json_schema = json::serialize(*schema);
}

}  // namespace

ApiResult<ChatRequest> parse_chat_request(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  ChatRequest chat;
  chat.generate.model = fields.string("model").value_or("");
  read_messages(fields, chat, error);
  refuse_unsupported(fields);
  read_tools(fields, chat.generate.tools, error);
  read_tool_choice(fields, chat.generate, error);
  chat.generate.parallel_tool_calls = fields.boolean("parallel_tool_calls").value_or(true);
  read_sampling(fields, chat.generate.sampling);
  read_logit_bias(fields, chat.generate.sampling);
  read_adapters(fields, error, chat.generate.adapters);
  read_logprobs(fields, chat.generate);
  read_effort(fields, chat.generate);
  read_max_tokens(fields, {"max_tokens", "max_completion_tokens"}, chat.generate.max_tokens);  // the newer name wins
  read_stop(fields, "stop", chat.generate.stop);
  read_response_format(fields, chat, error);
  chat.choices = static_cast<int>(fields.integer("n", 1, limits.choices).value_or(1));
  chat.stream = fields.boolean("stream").value_or(false);
  if (const json::object* options = fields.object("stream_options")) {
    JsonFields stream_fields(*options, "stream_options.", error);
    chat.include_usage = stream_fields.boolean("include_usage").value_or(false);
    if (!chat.stream) fields.fail("stream_options", "'stream_options' needs 'stream': true");
  }
  if (error) return tl::unexpected(std::move(*error));
  return chat;
}

}  // namespace zubr::server::openai
