// The values of all settings: flag before environment before config.toml before default.
//
//   ZUBR_TRY(settings, Settings::load(registry, home / "config.toml", process_environment()));
//   ZUBR_CHECK(settings.set_flag("classify.top", "3"));
//   settings.integer("classify.top")  // 3
//
// Threads: set up at start on one thread, read from any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/setting.h"

namespace zubr::core {

enum class SettingSource { kDefault, kFile, kEnvironment, kFlag };

struct SettingValue {
  std::string text;
  SettingSource source = SettingSource::kDefault;
  std::string origin;  // "default", "/home/ala/.zubr/config.toml:3", "ZUBR_MODEL", "--model"
};

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment process_environment();

class Settings {
 public:
  // `registry` must live as long as the Settings. No file is fine. kInvalidArgument for an unknown key (with the
  // nearest known one) or a wrong value, kCorrupt when the file is not TOML; each names file and line, or the variable.
  static Result<Settings> load(const SettingsRegistry& registry, const std::filesystem::path& config_file,
                               const Environment& environment);

  // From the command line; wins over everything. kInvalidArgument for a wrong value, kNotFound for an unknown name.
  Result<void> set_flag(std::string_view name, std::string_view text);

  const SettingsRegistry& registry() const { return *registry_; }

  // kNotFound, with the nearest known name.
  Result<SettingValue> find(std::string_view name) const;

  // For names that the program itself declared; std::logic_error for another name or type.
  const SettingValue& value(std::string_view name) const;
  const std::string& text(std::string_view name) const { return value(name).text; }
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  bool enabled(std::string_view name) const;

 private:
  explicit Settings(const SettingsRegistry& registry) : registry_(&registry) {}
  Result<void> read_file(const std::filesystem::path& file);
  Result<void> read_environment(const Environment& environment);
  tl::unexpected<Error> unknown(std::string_view name, std::string_view origin) const;

  const SettingsRegistry* registry_;
  std::map<std::string, SettingValue, std::less<>> values_;
};

}  // namespace zubr::core
