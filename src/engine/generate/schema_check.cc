#include "engine/generate/schema_check.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "engine/generate/pattern.h"
#include "engine/llama/tokenizer.h"

namespace zubr::engine {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 17> kNotEnforced = {"not",
                                                           "if",
                                                           "then",
                                                           "else",
                                                           "dependentRequired",
                                                           "dependentSchemas",
                                                           "dependencies",
                                                           "propertyNames",
                                                           "minProperties",
                                                           "maxProperties",
                                                           "patternProperties",
                                                           "contains",
                                                           "minContains",
                                                           "maxContains",
                                                           "multipleOf",
                                                           "$dynamicRef",
                                                           "$recursiveRef"};
// Say nothing about what is valid.
constexpr std::array<std::string_view, 14> kAnnotations = {
    "title", "description", "default",    "examples", "example", "$schema",  "$id",
    "$defs", "definitions", "deprecated", "$comment", "$anchor", "readOnly", "writeOnly"};
constexpr std::array<std::string_view, 7> kTypes = {"object",  "array",   "string", "number",
                                                    "integer", "boolean", "null"};
constexpr double kMaxInteger = 1e15;  // beyond it the grammar no longer tells numbers apart

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// What becomes of a name in the rules of the grammar.
std::string rule_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (word) {
      name += c;
    } else if (!name.ends_with('-')) {
      name += '-';
    }
  }
  return name;
}

void drop_duplicates(json::array& values) {
  json::array distinct;
  for (json::value& value : values) {
    if (std::ranges::find(distinct, value) == distinct.end()) distinct.push_back(std::move(value));
  }
  values = std::move(distinct);
}

class Checker {
 public:
  explicit Checker(json::value root) : root_(std::move(root)) {}

  Result<std::string> run() {
    ZUBR_CHECK(node(root_, "#", 0));
    if (!references_.empty() && has_ref_like_name_)
      return error("#", "a property whose name begins with 'ref' beside $ref, which the grammar cannot tell apart");
    return json::serialize(root_);
  }

 private:
  static tl::unexpected<Error> error(std::string_view path, std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, "the JSON schema has {} at {}; take it out or write it differently", what,
                path);
  }

  Result<void> node(json::value& value, const std::string& path, int depth) {
    if (depth > kMaxSchemaDepth) return error(path, fmt::format("more than {} levels", kMaxSchemaDepth));
    if (++nodes_ > kMaxSchemaNodes) return error(path, fmt::format("more than {} parts", kMaxSchemaNodes));
    if (path.size() > 1000) return error(path.substr(0, 100), "names that are too long");
    if (value.is_bool() && value.get_bool()) value = json::object();
    if (!value.is_object()) return error(path, "no object");
    json::object& schema = value.get_object();
    for (const auto& [key, unused] : schema) {
      if (is_one_of(kNotEnforced, std::string_view(key.data(), key.size())))
        return error(path, fmt::format("'{}', which cannot be enforced while generating,", std::string_view(key)));
    }
    if (const json::value* unique = schema.if_contains("uniqueItems"); unique != nullptr && *unique != false)
      return error(path, "'uniqueItems', which cannot be enforced while generating,");

    if (schema.contains("$ref")) return reference(schema, path, depth);
    if (schema.contains("oneOf")) return alternatives(schema, "oneOf", path, depth);
    if (schema.contains("anyOf")) return alternatives(schema, "anyOf", path, depth);
    if (schema.contains("allOf")) return all_of(value, path, depth);
    if (json::value* values = schema.if_contains("enum"); values != nullptr && !schema.contains("const")) {
      if (!values->is_array() || values->get_array().empty()) return error(path, "an empty enum");
      if (values->get_array().size() > kMaxSchemaValues)
        return error(path, fmt::format("an enum of more than {} values", kMaxSchemaValues));
      drop_duplicates(values->get_array());
      return {};
    }
    if (schema.contains("const")) return {};
    return typed(schema, path, depth);
  }

  // The keys of `schema` that would constrain and are not in `allowed`: they would be ignored.
  template <std::size_t N>
  Result<void> only(const json::object& schema, const std::array<std::string_view, N>& allowed,
                    const std::string& path) const {
    for (const auto& [key, unused] : schema) {
      const std::string_view name(key.data(), key.size());
      if (!is_one_of(kAnnotations, name) && !is_one_of(allowed, name))
        return error(path, fmt::format("'{}' beside '{}', which are not enforced together,", name, allowed.front()));
    }
    return {};
  }

  Result<void> reference(json::object& schema, const std::string& path, int depth) {
    ZUBR_CHECK(only(schema, std::array<std::string_view, 1>{"$ref"}, path));
    std::set<std::string> seen;
    for (json::object* at = &schema;;) {
      const json::value& name = at->at("$ref");
      if (!name.is_string() || !name.get_string().starts_with("#/")) return error(path, "a $ref to another document");
      const std::string reference(name.get_string());
      if (!seen.insert(reference).second) return error(path, fmt::format("a $ref '{}' to itself", reference));
      json::value* target = find(reference);
      if (target == nullptr || !target->is_object())
        return error(path, fmt::format("a $ref '{}' to nothing", reference));
      const auto [known, is_new] = references_.emplace(rule_name(reference), reference);
      if (!is_new && known->second != reference)
        return error(path, fmt::format("the names '{}' and '{}', which are too similar,", known->second, reference));
      if (is_new) {
        if (auto checked = node(*target, reference, depth + 1); !checked) return checked;
      }
      target = find(reference);
      if (target == nullptr || !target->is_object() || !target->get_object().contains("$ref")) return {};
      at = &target->get_object();
    }
  }

  json::value* find(std::string_view reference) {
    json::value* at = &root_;
    reference.remove_prefix(1);
    while (!reference.empty()) {
      reference.remove_prefix(1);
      const std::size_t end = std::min(reference.find('/'), reference.size());
      if (!at->is_object()) return nullptr;
      at = at->get_object().if_contains(reference.substr(0, end));
      if (at == nullptr) return nullptr;
      reference.remove_prefix(end);
    }
    return at;
  }

  Result<void> alternatives(json::object& schema, std::string_view kind, const std::string& path, int depth) {
    ZUBR_CHECK(only(schema, std::array<std::string_view, 1>{kind}, path));
    json::value& list = schema.at(kind);
    if (!list.is_array() || list.get_array().empty()) return error(path, fmt::format("an empty {}", kind));
    if (list.get_array().size() > 64) return error(path, fmt::format("more than 64 alternatives in {}", kind));
    drop_duplicates(list.get_array());
    for (std::size_t i = 0; i < list.get_array().size(); ++i)
      ZUBR_CHECK(node(list.get_array()[i], fmt::format("{}/{}/{}", path, kind, i), depth + 1));
    return {};
  }

  // One part stands for the whole; several are enforced where all are plain objects.
  Result<void> all_of(json::value& value, const std::string& path, int depth) {
    json::object& schema = value.get_object();
    ZUBR_CHECK(only(schema, std::array<std::string_view, 2>{"allOf", "type"}, path));
    json::value& list = schema.at("allOf");
    if (!list.is_array() || list.get_array().empty()) return error(path, "an empty allOf");
    if (list.get_array().size() == 1) {
      json::value part = list.get_array().front();
      for (const char* definitions : {"$defs", "definitions"}) {
        const json::value* kept = schema.if_contains(definitions);
        if (kept != nullptr && part.is_object()) part.get_object().emplace(definitions, *kept);
      }
      value = std::move(part);
      return node(value, path, depth + 1);
    }
    if (const json::value* type = schema.if_contains("type"); type != nullptr && *type != "object")
      return error(path, "an allOf of several parts that are not objects");
    std::set<std::string> names;
    for (std::size_t i = 0; i < list.get_array().size(); ++i) {
      json::value& part = list.get_array()[i];
      const std::string part_path = fmt::format("{}/allOf/{}", path, i);
      ZUBR_CHECK(node(part, part_path, depth + 1));
      json::value* target = &part;
      while (target != nullptr && target->is_object() && target->get_object().contains("$ref"))
        target = find(std::string_view(target->get_object().at("$ref").get_string()));
      json::object* object = target == nullptr ? nullptr : target->if_object();
      const json::value* properties = object == nullptr ? nullptr : object->if_contains("properties");
      if (properties == nullptr ||
          (object->contains("additionalProperties") && object->at("additionalProperties") != false))
        return error(part_path, "an allOf of several parts that are not plain objects");
      for (const auto& [name, unused] : properties->get_object()) {
        const json::value* required = object->if_contains("required");
        // Every property of an allOf is written as a required one.
        if (required == nullptr ||
            std::ranges::find(required->get_array(), json::value(name)) == required->get_array().end())
          return error(part_path, fmt::format("an optional property '{}' in an allOf", std::string_view(name)));
        if (!names.insert(std::string(name)).second)
          return error(part_path, fmt::format("the property '{}' twice in an allOf", std::string_view(name)));
      }
    }
    return {};
  }

  Result<void> typed(json::object& schema, const std::string& path, int depth) {
    std::set<std::string> types;
    if (const json::value* type = schema.if_contains("type")) {
      json::array list = type->is_array() ? type->get_array() : json::array{*type};
      for (const json::value& name : list) {
        if (!name.is_string() || !is_one_of(kTypes, std::string_view(name.get_string())))
          return error(path, fmt::format("the unknown type {}", json::serialize(name)));
        types.emplace(name.get_string());
      }
      if (types.empty()) return error(path, "no type in an empty list");
      if (types.size() > 1) nodes_ += static_cast<int>(types.size());
    }
    ZUBR_CHECK(ranges(schema, types, path));
    if (schema.contains("properties") || schema.contains("additionalProperties") || schema.contains("required")) {
      if (!types.empty() && !types.contains("object")) return error(path, "properties of something that is no object");
      if (types.empty()) schema["type"] = "object";
      ZUBR_CHECK(object(schema, path, depth));
    }
    if (schema.contains("items") || schema.contains("prefixItems") || schema.contains("minItems") ||
        schema.contains("maxItems")) {
      if (types.empty() && schema.contains("type")) return error(path, "both properties and items without a type");
      if (types.empty()) schema["type"] = "array";
      ZUBR_CHECK(array(schema, path, depth));
    }
    return text(schema, types.empty(), path);
  }

  Result<void> ranges(const json::object& schema, const std::set<std::string>& types, const std::string& path) const {
    double least = -kMaxInteger;
    double most = kMaxInteger;
    for (const std::string_view key : {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}) {
      const json::value* bound = schema.if_contains(key);
      if (bound == nullptr) continue;
      if (!types.contains("integer") || types.contains("number"))
        return error(path, fmt::format("'{}' of something that is no integer, which cannot be enforced,", key));
      if (!bound->is_number() || std::abs(bound->to_number<double>()) > kMaxInteger)
        return error(path, fmt::format("a '{}' that is no number up to 1e15", key));
      const double number = bound->to_number<double>();
      if (key == "minimum") least = std::max(least, std::ceil(number));
      if (key == "exclusiveMinimum") least = std::max(least, std::floor(number) + 1);
      if (key == "maximum") most = std::min(most, std::floor(number));
      if (key == "exclusiveMaximum") most = std::min(most, std::ceil(number) - 1);
    }
    if (least > most) return error(path, "a minimum above the maximum");
    const bool twice = (schema.contains("minimum") && schema.contains("exclusiveMinimum")) ||
                       (schema.contains("maximum") && schema.contains("exclusiveMaximum"));
    if (twice) return error(path, "a bound and its exclusive form, of which one would be ignored,");
    return {};
  }

  // Also adds to the sum of repetitions.
  Result<void> counts(const json::object& schema, const char* low, const char* high, const std::string& path) {
    std::int64_t least = 0;
    std::int64_t most = kMaxSchemaRepeat;
    for (const char* key : {low, high}) {
      const json::value* count = schema.if_contains(key);
      if (count == nullptr) continue;
      if (!count->is_int64() || count->get_int64() < 0 || count->get_int64() > kMaxSchemaRepeat)
        return error(path, fmt::format("a '{}' that is no whole number from 0 to {}", key, kMaxSchemaRepeat));
      (key == low ? least : most) = count->get_int64();
      repeats_ += count->get_int64();
    }
    if (least > most) return error(path, fmt::format("a '{}' above '{}'", low, high));
    if (repeats_ > kMaxSchemaRepeatTotal) return error(path, "too many repetitions altogether");
    return {};
  }

  Result<void> object(json::object& schema, const std::string& path, int depth) {
    json::value* properties = schema.if_contains("properties");
    if (properties != nullptr && !properties->is_object()) return error(path, "properties that are no object");
    json::value* more = schema.if_contains("additionalProperties");
    std::set<std::string, std::less<>> required;
    if (const json::value* names = schema.if_contains("required")) {
      if (!names->is_array()) return error(path, "a 'required' that is no list");
      for (const json::value& name : names->get_array()) {
        if (!name.is_string()) return error(path, "a 'required' that is no list of names");
        required.emplace(name.get_string());
        if (properties == nullptr || !properties->get_object().contains(name.get_string()))
          return error(path, fmt::format("a required '{}' that is not among the properties",
                                         std::string_view(name.get_string())));
      }
    }
    if (more != nullptr && !more->is_bool()) ZUBR_CHECK(node(*more, path + "/additionalProperties", depth + 1));
    if (properties == nullptr) return {};
    if (properties->get_object().size() > kMaxSchemaProperties)
      return error(path, fmt::format("more than {} properties", kMaxSchemaProperties));
    if (properties->get_object().size() - required.size() > kMaxOptionalProperties)
      return error(path, fmt::format("more than {} optional properties", kMaxOptionalProperties));
    const bool open = more != nullptr && *more != false;
    for (auto& property : properties->get_object()) {
      const std::string name(property.key());
      const std::string word = rule_name(name);
      if (name.empty() || name.size() > 128)
        return error(path, "a property name that is empty or longer than 128 bytes");
      if (open && (word.empty() || word.find('-') != std::string::npos) && name.find('_') == std::string::npos)
        return error(
            path, fmt::format(
                      "additionalProperties beside the property '{}', of which only letters and digits are understood",
                      name));
      has_ref_like_name_ = has_ref_like_name_ || word.starts_with("ref-") || word == "ref";
      ZUBR_CHECK(node(property.value(), fmt::format("{}/properties/{}", path, name), depth + 1));
    }
    return {};
  }

  Result<void> array(json::object& schema, const std::string& path, int depth) {
    json::value* items = schema.if_contains("items");
    json::value* prefix = schema.if_contains("prefixItems");
    if (prefix != nullptr && items != nullptr) {
      if (*items != false) return error(path, "items beside prefixItems");
      schema.erase("items");
      items = nullptr;
      prefix = schema.if_contains("prefixItems");
    }
    json::value* list = prefix != nullptr ? prefix : items;
    ZUBR_CHECK(counts(schema, "minItems", "maxItems", path));
    if (list == nullptr) {
      // Without items the converter takes any value, and then forgets the counts only where there are none.
      schema["items"] = json::object();
      return {};
    }
    if (!list->is_array()) {
      if (prefix != nullptr) return error(path, "prefixItems that are no list");
      return node(*list, path + "/items", depth + 1);
    }
    const auto size = static_cast<std::int64_t>(list->get_array().size());
    const json::value* least = schema.if_contains("minItems");
    const json::value* most = schema.if_contains("maxItems");
    if (size == 0 || (least != nullptr && least->get_int64() > size) || (most != nullptr && most->get_int64() < size))
      return error(path, "a list of items whose length is ruled out");
    for (std::size_t i = 0; i < list->get_array().size(); ++i)
      ZUBR_CHECK(node(list->get_array()[i], fmt::format("{}/items/{}", path, i), depth + 1));
    return {};
  }

  Result<void> text(json::object& schema, bool untyped, const std::string& path) {
    ZUBR_CHECK(counts(schema, "minLength", "maxLength", path));
    json::value* pattern = schema.if_contains("pattern");
    const bool constrained = pattern != nullptr || schema.contains("minLength") || schema.contains("maxLength");
    if (constrained && untyped && schema.contains("type"))
      return error(path, "constraints of several types without a type");
    if (constrained && untyped) schema["type"] = "string";
    if (pattern == nullptr) return {};
    if (schema.contains("minLength") || schema.contains("maxLength"))
      return error(path, "a pattern beside a length, which are not enforced together,");
    if (!pattern->is_string()) return error(path, "a pattern that is no text");
    ZUBR_TRY(normal, normalise_pattern(std::string_view(pattern->get_string())));
    *pattern = normal;
    return {};
  }

  json::value root_;
  int nodes_ = 0;
  std::int64_t repeats_ = 0;
  std::map<std::string, std::string> references_;  // by what they are called in the grammar
  bool has_ref_like_name_ = false;
};

}  // namespace

Result<std::string> check_schema(std::string_view schema) {
  if (schema.size() > kMaxSchemaBytes)
    return fail(ErrorCode::kInvalidArgument, "the JSON schema has {} bytes, the most is {}", schema.size(),
                kMaxSchemaBytes);
  if (!is_valid_utf8(schema)) return fail(ErrorCode::kInvalidArgument, "the JSON schema is not UTF-8");
  json::parse_options options;
  options.max_depth = 2 * kMaxSchemaDepth + 2;
  boost::system::error_code problem;
  json::value root = json::parse(schema, problem, {}, options);
  if (problem) return fail(ErrorCode::kInvalidArgument, "the JSON schema is not JSON: {}", problem.message());
  if (!root.is_object())
    return fail(ErrorCode::kInvalidArgument, "the JSON schema is no object, but {}", schema.substr(0, 40));
  try {
    return Checker(std::move(root)).run();
  } catch (const std::exception& wrong) {
    return fail(ErrorCode::kInvalidArgument, "the JSON schema cannot be read: {}", wrong.what());
  }
}

}  // namespace zubr::engine
