#include "server/openai/tool_fields.h"

#include <fmt/format.h>

#include <algorithm>

namespace zubr::server::openai {
namespace json = boost::json;
using inference::Tool;
using inference::ToolChoice;

namespace {

Tool read_tool(const json::value& value, const std::string& path, std::optional<ApiError>& error) {
  Tool tool;
  const json::object* object = value.if_object();
  if (!object) {
    error = bad_field(path, fmt::format("'{}' must be an object with type and function", path), "invalid_type");
    return tool;
  }
  JsonFields outer(*object, path + ".", error);
  if (const auto type = outer.string("type"); type && *type != "function")
    outer.fail("type", fmt::format("a tool of type '{}' is not supported by this server; there is function", *type),
               "unsupported");
  const json::object* function = outer.object("function");
  if (!function) {
    outer.fail("function", fmt::format("'{}.function' is missing", path), "missing");
    return tool;
  }
  JsonFields fields(*function, path + ".function.", error);
  tool.name = fields.string("name").value_or("");
  if (!is_tool_name(tool.name))
    fields.fail("name",
                fmt::format("'{}.function.name' must be 1 to 64 of A-Z a-z 0-9 _ -, it is '{}'", path, tool.name));
  tool.description = fields.string("description").value_or("");
  tool.strict = fields.boolean("strict").value_or(false);
  if (const json::object* parameters = fields.object("parameters")) tool.parameters = json::serialize(*parameters);
  return tool;
}

}  // namespace

bool is_tool_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void read_tools(JsonFields& fields, std::vector<Tool>& tools, std::optional<ApiError>& error) {
  const json::array* list = fields.array("tools");
  if (!list) return;
  if (list->size() > kMaxTools)
    return fields.fail("tools", fmt::format("'tools' may hold {} tools, it holds {}", kMaxTools, list->size()));
  for (std::size_t i = 0; i < list->size() && !error; ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    Tool tool = read_tool((*list)[i], path, error);
    if (error) return;
    if (std::ranges::find(tools, tool.name, &Tool::name) != tools.end())
      return fields.fail(path, fmt::format("the tool '{}' is there twice", tool.name));
    tools.push_back(std::move(tool));
  }
}

void read_tool_choice(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error) {
  const json::value* value = fields.find("tool_choice");
  if (!value) return;
  const auto wrong = [&](std::string message) { fields.fail("tool_choice", std::move(message)); };
  if (const json::string* mode = value->if_string()) {
    if (*mode == "none")
      generate.tool_choice = ToolChoice::kNone;
    else if (*mode == "required")
      generate.tool_choice = ToolChoice::kRequired;
    else if (*mode != "auto")
      wrong(fmt::format("'tool_choice' must be none, auto, required or a function, it is '{}'",
                        std::string_view(mode->data(), mode->size())));
  } else if (const json::object* object = value->if_object()) {
    JsonFields inner(*object, "tool_choice.", error);
    const json::object* function = inner.object("function");
    if (!function) return inner.fail("function", "'tool_choice.function' is missing", "missing");
    JsonFields named(*function, "tool_choice.function.", error);
    const std::string name = named.string("name").value_or("");
    const auto found = std::ranges::find(generate.tools, name, &Tool::name);
    if (found == generate.tools.end()) return wrong(fmt::format("'tool_choice' names '{}', which is no tool", name));
    generate.tools = {Tool(*found)};
    generate.tool_choice = ToolChoice::kRequired;
  } else {
    return fields.fail("tool_choice", "'tool_choice' must be a string or an object", "invalid_type");
  }
  if (generate.tool_choice == ToolChoice::kRequired && generate.tools.empty())
    wrong("'tool_choice' asks for a tool, and there are none in 'tools'");
}

}  // namespace zubr::server::openai
