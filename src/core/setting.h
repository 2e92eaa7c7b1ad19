// What a setting is, and the list of all of them. Each module declares its own in its settings.cc; app collects them.
// The configuration file, the environment, the flags and docs/config.md all come from these declarations.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::core {

enum class SettingType { kText, kInteger, kNumber, kBool };

struct Setting {
  std::string name = {};  // "classify.top": in config.toml the key `top` of the table [classify]
  SettingType type = SettingType::kText;
  std::string fallback = {};              // the default, as text
  std::string help = {};                  // one sentence
  std::string example = {};               // a value, as text
  std::string env = {};                   // empty: ZUBR_ and the name in capitals, "." as "_"
  std::string flag = {};                  // empty: "--" and the last part of the name, "_" as "-"
  std::vector<std::string> choices = {};  // kText: the only values allowed; empty = any
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  std::string where = {};  // the commands that have the flag: "classify, embed"; empty = all

  std::string env_name() const;
  std::string flag_name() const;
};

// "a whole number from 0 to 1024", "true or false", "one of text, code".
std::string describe_values(const Setting& setting);

// Checks a value given as text: an error that names the setting, the value, what would be right and an example.
// `origin` starts the message: "--top", "ZUBR_CLASSIFY_TOP", "config.toml:3: classify.top".
Result<void> check_value(const Setting& setting, std::string_view text, std::string_view origin);

// Filled once at start, then only read. Order of declaration is the order of the documentation.
class SettingsRegistry {
 public:
  // Throws std::logic_error for a name declared twice or a default that its own declaration forbids.
  void declare(std::vector<Setting> settings);
  const Setting* find(std::string_view name) const;
  const std::vector<Setting>& all() const { return all_; }

 private:
  std::vector<Setting> all_;
};

// docs/config.md: precedence, then every setting.
std::string settings_markdown(const SettingsRegistry& registry);

// The settings of core itself: language, log level.
std::vector<Setting> core_settings();

}  // namespace zubr::core
