#include "bulk/job/schema_fields.h"

#include <boost/json.hpp>

#include <algorithm>

namespace zubr::bulk {
namespace {
namespace json = boost::json;

std::string_view column_type(std::string_view type) {
  if (type == "string") return "VARCHAR";
  if (type == "integer") return "BIGINT";
  if (type == "number") return "DOUBLE";
  if (type == "boolean") return "BOOLEAN";
  return "JSON";
}

std::string type_of(const json::value& property) {
  const auto* object = property.if_object();
  const auto* type = object != nullptr ? object->if_contains("type") : nullptr;
  if (type == nullptr) {
    // An enumeration of strings needs no type.
    const auto* choices = object != nullptr ? object->if_contains("enum") : nullptr;
    const bool texts = choices != nullptr && choices->is_array() &&
                       std::ranges::all_of(choices->get_array(), [](const json::value& v) { return v.is_string(); });
    return texts ? "VARCHAR" : "JSON";
  }
  if (type->is_string()) return std::string(column_type(std::string_view(type->get_string())));
  std::string only;
  if (const auto* several = type->if_array()) {
    for (const json::value& one : *several) {
      if (!one.is_string() || one.get_string() == "null") continue;
      if (!only.empty()) return "JSON";
      only = column_type(std::string_view(one.get_string()));
    }
  }
  return only.empty() ? "JSON" : only;
}

bool fits(const json::value& value, std::string_view type) {
  if (type == "VARCHAR") return value.is_string();
  if (type == "BIGINT") return value.is_int64() || (value.is_uint64() && value.get_uint64() <= INT64_MAX);
  if (type == "DOUBLE") return value.is_number();
  if (type == "BOOLEAN") return value.is_bool();
  return true;
}

// As people write it: 12.5, where Boost has 1.25E1.
std::string text_of(const json::value& value, std::string_view type) {
  if (value.is_string() && type == "VARCHAR") return std::string(std::string_view(value.get_string()));
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return json::serialize(value);
}

}  // namespace

Result<std::vector<ExtractSpec::Field>> schema_fields(std::string_view schema) {
  boost::system::error_code wrong;
  const json::value root = json::parse(json::string_view(schema.data(), schema.size()), wrong);
  if (wrong) return fail(ErrorCode::kInvalidArgument, "the schema is not JSON: {}", wrong.message());
  const auto* object = root.if_object();
  const auto* properties = object != nullptr ? object->if_contains("properties") : nullptr;
  if (properties == nullptr || !properties->is_object() || properties->get_object().empty())
    return fail(ErrorCode::kInvalidArgument, "the schema has no properties; it describes an object");
  std::vector<ExtractSpec::Field> fields;
  for (const auto& [name, property] : properties->get_object())
    fields.push_back({std::string(std::string_view(name)), type_of(property)});
  return fields;
}

Result<std::vector<formats::Value>> read_fields(std::string_view answer,
                                                const std::vector<ExtractSpec::Field>& fields) {
  boost::system::error_code wrong;
  const json::value root = json::parse(json::string_view(answer.data(), answer.size()), wrong);
  if (wrong) return fail(ErrorCode::kCorrupt, "the answer is not JSON: {}", wrong.message());
  const auto* object = root.if_object();
  if (object == nullptr) return fail(ErrorCode::kCorrupt, "the answer is no JSON object");
  std::vector<formats::Value> values;
  for (const auto& field : fields) {
    const auto* value = object->if_contains(json::string_view(field.property.data(), field.property.size()));
    if (value == nullptr || value->is_null()) {
      values.emplace_back();
      continue;
    }
    if (!fits(*value, field.type))
      return fail(ErrorCode::kCorrupt, "'{}' of the answer is no {}", field.property, field.type);
    values.emplace_back(text_of(*value, field.type));
  }
  return values;
}

}  // namespace zubr::bulk
