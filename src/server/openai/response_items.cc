#include "server/openai/response_items.h"

#include <fmt/format.h>

#include "server/json/json_fields.h"
#include "server/media/media_fields.h"
#include "server/openai/generate_fields.h"

namespace zubr::server::openai {
namespace json = boost::json;
using inference::Message;
using inference::Role;

namespace {

// "text" or [{"type": "input_text", "text": …}, {"type": "input_image", "image_url": "data:…"}, …].
void read_content(JsonFields& fields, std::string_view name, Message& message, std::optional<ApiError>& error) {
  const json::value* value = fields.find(name);
  if (!value) return fields.fail(name, fmt::format("'{}' is missing", fields.path(name)), "missing");
  if (const json::string* text = value->if_string()) {
    message.content.assign(text->data(), text->size());
    return;
  }
  const json::array* parts = value->if_array();
  if (!parts)
    return fields.fail(name, fmt::format("'{}' must be a string or an array of parts", fields.path(name)),
                       "invalid_type");
  for (std::size_t i = 0; i < parts->size() && !error; ++i) {
    const std::string here = fmt::format("{}[{}]", fields.path(name), i);
    const json::object* part = (*parts)[i].if_object();
    if (!part) {
      error = bad_field(here, fmt::format("'{}' must be an object with a type", here), "invalid_type");
      break;
    }
    JsonFields inner(*part, here + ".", error);
    const std::string type = inner.string("type").value_or("");
    if (type == "refusal")
      message.content += inner.string("refusal").value_or("");
    else if (type == "input_text" || type == "output_text" || type == "text")
      message.content += inner.string("text").value_or("");
    else if (type == "input_image")
      read_url(inner, "image_url", message);
    else
      inner.fail("type", fmt::format("a content part of type '{}' is {}", type, kNotYet), "unsupported");
  }
}

void read_message(JsonFields& fields, std::vector<Message>& messages, std::optional<ApiError>& error) {
  const std::string role = fields.string("role").value_or("");
  Message message;
  if (role == "system" || role == "developer")
    message.role = Role::kSystem;
  else if (role == "assistant")
    message.role = Role::kAssistant;
  else if (role != "user")
    fields.fail("role", fmt::format("'{}' must be system, developer, user or assistant, it is '{}'",
                                    fields.path("role"), role));
  read_content(fields, "content", message, error);
  messages.push_back(std::move(message));
}

void read_call(JsonFields& fields, std::vector<Message>& messages) {
  inference::ToolCall call{.id = fields.string("call_id").value_or(""),
                           .name = fields.string("name").value_or(""),
                           .arguments = fields.string("arguments").value_or("{}")};
  if (call.id.empty()) fields.fail("call_id", fmt::format("'{}' is missing", fields.path("call_id")), "missing");
  if (call.name.empty()) fields.fail("name", fmt::format("'{}' is missing", fields.path("name")), "missing");
  boost::system::error_code problem;
  const json::value arguments = json::parse(call.arguments.empty() ? "{}" : call.arguments, problem);
  if (problem || !arguments.is_object())
    fields.fail("arguments", fmt::format("'{}' must be a JSON object, as text", fields.path("arguments")));
  // Several calls of one answer are one message, and the text before them too.
  if (messages.empty() || messages.back().role != Role::kAssistant)
    messages.push_back({.role = Role::kAssistant, .content = {}});
  messages.back().tool_calls.push_back(std::move(call));
}

void read_output(JsonFields& fields, std::vector<Message>& messages, std::optional<ApiError>& error) {
  Message message{.role = Role::kTool, .content = {}};
  message.tool_call_id = fields.string("call_id").value_or("");
  if (message.tool_call_id.empty())
    fields.fail("call_id", fmt::format("'{}' is missing", fields.path("call_id")), "missing");
  bool known = false;
  for (const Message& earlier : messages) {
    for (const auto& call : earlier.tool_calls) {
      if (call.id != message.tool_call_id) continue;
      message.tool_name = call.name;
      known = true;
    }
  }
  if (!known)
    fields.fail("call_id", fmt::format("'{}' answers the call '{}', which nobody made", fields.path("call_id"),
                                       message.tool_call_id));
  read_content(fields, "output", message, error);
  messages.push_back(std::move(message));
}

}  // namespace

void append_items(const json::array& items, const std::string& path, std::vector<Message>& messages,
                  std::optional<ApiError>& error) {
  for (std::size_t i = 0; i < items.size() && !error; ++i) {
    const std::string here = fmt::format("{}[{}]", path, i);
    const json::object* item = items[i].if_object();
    if (!item) {
      error = bad_field(here, fmt::format("'{}' must be an object", here), "invalid_type");
      return;
    }
    JsonFields fields(*item, here + ".", error);
    const std::string type = fields.string("type").value_or("message");
    if (type == "message")
      read_message(fields, messages, error);
    else if (type == "function_call")
      read_call(fields, messages);
    else if (type == "function_call_output")
      read_output(fields, messages, error);
    else if (type != "reasoning")
      fields.fail("type", fmt::format("an item of type '{}' is {}", type, kNotYet), "unsupported");
  }
}

json::object text_item(std::string_view text) {
  return {{"type", "message"},
          {"role", "user"},
          {"content", json::array{json::object{{"type", "input_text"}, {"text", text}}}}};
}

json::object output_text(std::string_view text) {
  return {{"type", "output_text"}, {"text", text}, {"annotations", json::array()}, {"logprobs", json::array()}};
}

json::object message_item(std::string_view id, std::string_view text, std::string_view status) {
  json::array content;
  if (status != "in_progress") content.push_back(output_text(text));
  return {{"id", id}, {"type", "message"}, {"status", status}, {"role", "assistant"}, {"content", std::move(content)}};
}

json::object thought_item(std::string_view id, std::string_view text) {
  json::array content;
  if (!text.empty()) content.push_back(json::object{{"type", "reasoning_text"}, {"text", text}});
  return {{"id", id}, {"type", "reasoning"}, {"summary", json::array()}, {"content", std::move(content)}};
}

json::object call_item(std::string_view id, const inference::ToolCall& call, std::string_view status) {
  return {{"id", id},           {"type", "function_call"}, {"status", status},
          {"call_id", call.id}, {"name", call.name},       {"arguments", call.arguments}};
}

}  // namespace zubr::server::openai
