#include "core/toml.h"

#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "core/text_file.h"

namespace zubr::core {
namespace {

std::vector<std::string> strings_of(const toml::array* array) {
  std::vector<std::string> items;
  if (array == nullptr) return items;
  for (const toml::node& node : *array) {
    const auto* text = node.as_string();
    if (text == nullptr) return {};
    items.push_back(text->get());
  }
  return items;
}

TomlValue leaf(const toml::node& node, std::vector<std::string> path) {
  TomlValue value{std::move(path), TomlType::kOther, {}, static_cast<int>(node.source().begin.line), {}};
  if (const auto* text = node.as_string()) {
    value.type = TomlType::kText;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.type = TomlType::kInteger;
    value.text = std::to_string(integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    value.type = TomlType::kNumber;
    value.text = fmt::format("{}", number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    value.type = TomlType::kBool;
    value.text = boolean->get() ? "true" : "false";
  } else {
    value.text = node.is_array() ? "an array" : node.is_table() ? "a table" : "a date or time";
    value.items = strings_of(node.as_array());
  }
  return value;
}

enum class Arrays { kWhole, kApart };

void flatten(const toml::node& node, std::vector<std::string>& path, Arrays arrays, std::vector<TomlValue>& out) {
  const auto* table = node.as_table();
  const auto* array = arrays == Arrays::kApart ? node.as_array() : nullptr;
  if (table != nullptr && (!table->empty() || arrays == Arrays::kWhole)) {
    for (const auto& [key, inner] : *table) {
      path.emplace_back(key.str());
      flatten(inner, path, arrays, out);
      path.pop_back();
    }
  } else if (array != nullptr && !array->empty()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      path.push_back(std::to_string(i));
      flatten(*array->get(i), path, arrays, out);
      path.pop_back();
    }
  } else if (!path.empty()) {
    out.push_back(leaf(node, path));
  }
}

Result<std::vector<TomlValue>> parse(std::string_view text, std::string_view source, Arrays arrays) {
  try {
    const toml::table table = toml::parse(text, source);
    std::vector<TomlValue> values;
    std::vector<std::string> path;
    flatten(table, path, arrays, values);
    std::ranges::stable_sort(values, {}, &TomlValue::line);
    return values;
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kCorrupt, "{}:{}: this is not TOML: {}", source, error.source().begin.line,
                std::string(error.description()));
  }
}

}  // namespace

std::string TomlValue::key() const { return fmt::format("{}", fmt::join(path, ".")); }

Result<std::vector<TomlValue>> parse_toml(std::string_view text, std::string_view source) {
  return parse(text, source, Arrays::kWhole);
}

Result<std::vector<TomlValue>> parse_toml_deep(std::string_view text, std::string_view source) {
  return parse(text, source, Arrays::kApart);
}

Result<std::vector<TomlValue>> read_toml(const std::filesystem::path& file) {
  ZUBR_TRY(text, read_text_file(file, 16u << 20));
  return parse_toml(text, file.string());
}

std::string toml_quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace zubr::core
