#include "engine/chat/tool_schema.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "engine/generate/schema_check.h"

namespace zubr::engine {
namespace {

namespace json = boost::json;

constexpr std::string_view kAnyObject = R"({"type":"object"})";
constexpr std::array<std::string_view, 12> kKept = {"type",  "properties",  "required", "items",
                                                    "enum",  "const",       "anyOf",    "$ref",
                                                    "$defs", "definitions", "title",    "description"};

// Leaves only the keywords of kKept, in every schema inside, and of "required" only what is among the properties.
json::value simplified(const json::value& schema, int depth = 0) {
  const json::object* object = schema.if_object();
  if (!object || depth > kMaxSchemaDepth) return json::object();
  json::object kept;
  for (const auto& [name, value] : *object) {
    const std::string_view key(name.data(), name.size());
    if (std::ranges::find(kKept, key) == kKept.end()) continue;
    if (key == "properties" || key == "$defs" || key == "definitions") {
      json::object inner;
      if (const json::object* members = value.if_object()) {
        for (const auto& [member, part] : *members) inner[member] = simplified(part, depth + 1);
      }
      kept[name] = std::move(inner);
    } else if (key == "anyOf") {
      json::array inner;
      if (const json::array* parts = value.if_array()) {
        for (const json::value& part : *parts) inner.push_back(simplified(part, depth + 1));
      }
      kept[name] = std::move(inner);
    } else if (key == "items") {
      kept[name] = simplified(value, depth + 1);
    } else {
      kept[name] = value;
    }
  }
  if (const json::value* required = kept.if_contains("required")) {
    json::array names;
    const json::value* properties = kept.if_contains("properties");
    if (required->is_array() && properties) {
      for (const json::value& one : required->get_array()) {
        if (one.is_string() && properties->get_object().contains(one.get_string())) names.push_back(one);
      }
    }
    kept["required"] = std::move(names);
  }
  return kept;
}

}  // namespace

Result<std::string> enforceable_parameters(const inference::Tool& tool) {
  if (tool.parameters.empty() || tool.parameters == "{}") return check_schema(R"({"type":"object","properties":{}})");
  if (tool.parameters.size() > kMaxSchemaBytes)
    return fail(ErrorCode::kInvalidArgument, "the parameters of the tool '{}' have {} bytes, the most is {}", tool.name,
                tool.parameters.size(), kMaxSchemaBytes);
  boost::system::error_code problem;
  json::parse_options options;
  options.max_depth = 2 * kMaxSchemaDepth + 2;
  json::value schema = json::parse(tool.parameters, problem, {}, options);
  if (problem || !schema.is_object())
    return fail(ErrorCode::kInvalidArgument, "the parameters of the tool '{}' are not a JSON schema", tool.name);
  const json::value* type = schema.get_object().if_contains("type");
  if (type && *type != "object")
    return fail(ErrorCode::kInvalidArgument, "the parameters of the tool '{}' must be of the type object, not {}",
                tool.name, json::serialize(*type));
  if (!type) schema.get_object()["type"] = "object";
  auto checked = check_schema(json::serialize(schema));
  if (checked) return checked;
  if (tool.strict)
    return fail(ErrorCode::kInvalidArgument, "the tool '{}' is strict, and its parameters cannot be enforced: {}",
                tool.name, checked.error().message());
  auto simple = check_schema(json::serialize(simplified(schema)));
  return simple ? simple : check_schema(kAnyObject);
}

}  // namespace zubr::engine
