#include "server/ollama/ollama_messages.h"

#include <fmt/format.h>

#include "server/media/media_fields.h"
#include "server/openai/tool_fields.h"

namespace zubr::server::ollama {
namespace json = boost::json;
using inference::Message;
using inference::Role;

namespace {

std::optional<Role> role_of(std::string_view name) {
  if (name == "system") return Role::kSystem;
  if (name == "user") return Role::kUser;
  if (name == "assistant") return Role::kAssistant;
  if (name == "tool") return Role::kTool;
  return std::nullopt;
}

// Unlike OpenAI's, a call's arguments are an object, and calls had no ids for long.
void read_calls(const json::array& calls, const std::string& path, Message& message, std::optional<ApiError>& error) {
  for (std::size_t i = 0; i < calls.size() && !error; ++i) {
    const std::string here = fmt::format("{}[{}]", path, i);
    const json::object* call = calls[i].if_object();
    const json::value* function = call ? call->if_contains("function") : nullptr;
    if (!function || !function->is_object()) {
      error = bad_field(here, fmt::format("'{}.function' is missing", here), "missing");
      return;
    }
    JsonFields fields(function->get_object(), here + ".function.", error);
    JsonFields outer(*call, here + ".", error);
    inference::ToolCall made{.id = outer.string("id").value_or(fmt::format("call_{}", i)),
                             .name = fields.string("name").value_or(""),
                             .arguments = "{}"};
    if (const json::object* arguments = fields.object("arguments")) made.arguments = json::serialize(*arguments);
    if (made.name.empty()) fields.fail("name", fmt::format("'{}.function.name' is missing", here), "missing");
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
  const std::string role = fields.string("role").value_or("");
  if (const auto known = role_of(role))
    message.role = *known;
  else
    fields.fail("role", fmt::format("'{}.role' must be system, user, assistant or tool, it is '{}'", path, role));
  message.content = fields.string("content").value_or("");
  message.tool_name = fields.string("tool_name").value_or("");
  message.tool_call_id = fields.string("tool_call_id").value_or("");
  read_images(fields, message.media);
  if (const json::array* calls = fields.array("tool_calls")) read_calls(*calls, path + ".tool_calls", message, error);
  return message;
}

}  // namespace

void read_messages(JsonFields& fields, std::vector<Message>& messages, std::optional<ApiError>& error) {
  const json::array* list = fields.array("messages");
  if (!list) return;
  for (std::size_t i = 0; i < list->size() && !error; ++i)
    messages.push_back(read_message((*list)[i], fmt::format("messages[{}]", i), error));
}

void read_tools(JsonFields& fields, std::vector<inference::Tool>& tools, std::optional<ApiError>& error) {
  openai::read_tools(fields, tools, error);
}

}  // namespace zubr::server::ollama
