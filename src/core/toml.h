// TOML files as a flat list of keys with the line each stands on. Hides the TOML library; knows nothing of settings.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::core {

enum class TomlType { kText, kInteger, kNumber, kBool, kOther };

struct TomlValue {
  std::vector<std::string> path;  // {"classify", "top"}
  TomlType type = TomlType::kOther;
  std::string text;  // the value as text: "3", "true", "abc"; for kOther "an array" …
  int line = 0;
  std::vector<std::string> items = {};  // of an array that holds only strings

  std::string key() const;  // "classify.top"
};

// In the order of the file. kCorrupt with file and line when it is not TOML; `source` is the name used in messages.
Result<std::vector<TomlValue>> parse_toml(std::string_view text, std::string_view source);

// The same, and arrays are taken apart too: {"steps", "0", "name"} is the name of the first [[steps]]. An empty array
// or table stands for itself, as kOther.
Result<std::vector<TomlValue>> parse_toml_deep(std::string_view text, std::string_view source);

// kNotFound when there is no such file, kIo when it cannot be read.
Result<std::vector<TomlValue>> read_toml(const std::filesystem::path& file);

// A TOML basic string with its quotes.
std::string toml_quote(std::string_view text);

}  // namespace zubr::core
