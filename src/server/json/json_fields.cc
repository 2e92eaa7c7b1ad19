#include "server/json/json_fields.h"

#include <cmath>

#include <fmt/format.h>

#include "core/utf8.h"

namespace zubr::server {
namespace json = boost::json;

namespace {

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::int64:
    case json::kind::uint64: return "an integer";
    case json::kind::double_: return "a number";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
  }
  return "something else";
}

}  // namespace

ApiResult<json::object> parse_object(std::string_view body, int max_depth) {
  json::parse_options options;
  options.max_depth = static_cast<std::size_t>(max_depth);
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error, {}, options);
  if (error == json::error::too_deep)
    return tl::unexpected(
        bad_field("", fmt::format("the body's JSON is nested deeper than {}", max_depth), "too_deep"));
  if (error && !core::utf8_valid(body))
    return tl::unexpected(bad_field("", "the body is not valid UTF-8", "invalid_utf8"));
  if (error) {
    const std::string why = body.empty() ? "it is empty" : error.message();
    return tl::unexpected(bad_field("", fmt::format("the body is not valid JSON: {}", why), "invalid_json"));
  }
  if (!value.is_object()) {
    std::string message = fmt::format("the body must be a JSON object, it is {}", kind_name(value));
    return tl::unexpected(bad_field("", std::move(message), "invalid_type"));
  }
  return std::move(value.get_object());
}

const json::value* JsonFields::find(std::string_view name) const {
  const json::value* value = object_.if_contains(json::string_view(name.data(), name.size()));
  return value && !value->is_null() ? value : nullptr;
}

void JsonFields::fail(std::string_view name, std::string message, std::string code) {
  if (!error_) error_ = bad_field(path(name), std::move(message), std::move(code));
}

void JsonFields::wrong_type(std::string_view name, std::string_view expected, const json::value& value) {
  fail(name, fmt::format("'{}' must be {}, it is {}", path(name), expected, kind_name(value)), "invalid_type");
}

std::optional<bool> JsonFields::boolean(std::string_view name) {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  if (const bool* found = value->if_bool()) return *found;
  wrong_type(name, "a boolean", *value);
  return std::nullopt;
}

std::optional<std::int64_t> JsonFields::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  std::optional<std::int64_t> found;
  if (value->is_int64())
    found = value->get_int64();
  else if (const double* real = value->if_double(); real && std::nearbyint(*real) == *real && std::abs(*real) < 9e15)
    found = static_cast<std::int64_t>(*real);  // 10.0 is an integer to JSON
  if (!found && !value->is_uint64()) {
    wrong_type(name, "an integer", *value);
    return std::nullopt;
  }
  if (!found || *found < min || *found > max) {
    fail(name, fmt::format("'{}' must be from {} to {}, it is {}", path(name), min, max,
                           found ? fmt::to_string(*found) : fmt::to_string(value->get_uint64())));
    return std::nullopt;
  }
  return found;
}

std::optional<double> JsonFields::number(std::string_view name, double min, double max) {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_number()) {
    wrong_type(name, "a number", *value);
    return std::nullopt;
  }
  const double found = value->is_double()  ? value->get_double()
                       : value->is_int64() ? static_cast<double>(value->get_int64())
                                           : static_cast<double>(value->get_uint64());
  if (!(found >= min && found <= max)) {
    fail(name, fmt::format("'{}' must be from {} to {}, it is {}", path(name), min, max, found));
    return std::nullopt;
  }
  return found;
}

std::optional<std::string> JsonFields::string(std::string_view name) {
  const json::value* value = find(name);
  if (!value) return std::nullopt;
  if (const json::string* found = value->if_string()) return std::string(found->data(), found->size());
  wrong_type(name, "a string", *value);
  return std::nullopt;
}

const json::object* JsonFields::object(std::string_view name) {
  const json::value* value = find(name);
  if (value && !value->is_object()) wrong_type(name, "an object", *value);
  return value ? value->if_object() : nullptr;
}

const json::array* JsonFields::array(std::string_view name) {
  const json::value* value = find(name);
  if (value && !value->is_array()) wrong_type(name, "an array", *value);
  return value ? value->if_array() : nullptr;
}

}  // namespace zubr::server
