#include "core/settings.h"

#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "core/nearest.h"
#include "core/open_tables.h"
#include "core/toml.h"

namespace zubr::core {
namespace {

bool type_fits(SettingType wanted, TomlType given) {
  switch (wanted) {
    case SettingType::kText: return given == TomlType::kText;
    case SettingType::kInteger: return given == TomlType::kInteger;
    case SettingType::kNumber: return given == TomlType::kNumber || given == TomlType::kInteger;
    case SettingType::kBool: return given == TomlType::kBool;
  }
  return false;
}

std::string shown(const TomlValue& value) {
  return value.type == TomlType::kText ? toml_quote(value.text) : value.text;
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Result<Settings> Settings::load(const SettingsRegistry& registry, const std::filesystem::path& config_file,
                                const Environment& environment) {
  Settings settings(registry);
  for (const Setting& setting : registry.all())
    settings.values_[setting.name] = {setting.fallback, SettingSource::kDefault, "default"};
  ZUBR_CHECK(settings.read_file(config_file));
  ZUBR_CHECK(settings.read_environment(environment));
  return settings;
}

Result<void> Settings::read_file(const std::filesystem::path& file) {
  const auto values = read_toml(file);
  if (!values && values.error().code() == ErrorCode::kNotFound) return {};
  if (!values) return fail(values.error());
  for (const TomlValue& value : *values) {
    if (is_in_open_table(value.key())) continue;
    const std::string origin = fmt::format("{}:{}", file.string(), value.line);
    const Setting* setting = registry_->find(value.key());
    if (setting == nullptr) return unknown(value.key(), origin);
    const std::string full_origin = fmt::format("{}: {}", origin, setting->name);
    if (!type_fits(setting->type, value.type))
      return fail(ErrorCode::kInvalidArgument, "{}: {} is not {}; for example: {}", full_origin, shown(value),
                  describe_values(*setting), setting->example);
    ZUBR_CHECK(check_value(*setting, value.text, full_origin));
    values_[setting->name] = {value.text, SettingSource::kFile, origin};
  }
  return {};
}

Result<void> Settings::read_environment(const Environment& environment) {
  for (const Setting& setting : registry_->all()) {
    const auto text = environment(setting.env_name());
    if (!text || text->empty()) continue;
    ZUBR_CHECK(check_value(setting, *text, setting.env_name()));
    values_[setting.name] = {*text, SettingSource::kEnvironment, setting.env_name()};
  }
  return {};
}

Result<void> Settings::set_flag(std::string_view name, std::string_view text) {
  const Setting* setting = registry_->find(name);
  if (setting == nullptr) return unknown(name, "flag");
  ZUBR_CHECK(check_value(*setting, text, setting->flag_name()));
  values_[setting->name] = {std::string(text), SettingSource::kFlag, setting->flag_name()};
  return {};
}

tl::unexpected<Error> Settings::unknown(std::string_view name, std::string_view origin) const {
  std::vector<std::string> names;
  for (const Setting& setting : registry_->all()) names.push_back(setting.name);
  const ErrorCode code = origin.empty() || origin == "flag" ? ErrorCode::kNotFound : ErrorCode::kInvalidArgument;
  const std::string start = origin.empty() ? std::string() : fmt::format("{}: ", origin);
  if (const auto near = nearest(name, names))
    return fail(code, "{}there is no setting '{}'; did you mean '{}'?", start, name, *near);
  return fail(code, "{}there is no setting '{}'; all of them: zubr config list", start, name);
}

Result<SettingValue> Settings::find(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return unknown(name, {});
  return found->second;
}

const SettingValue& Settings::value(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::logic_error(fmt::format("setting '{}' was never declared", name));
  return found->second;
}

std::int64_t Settings::integer(std::string_view name) const {
  const std::string& text_value = text(name);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text_value.data(), text_value.data() + text_value.size(), out);
  if (error != std::errc() || end != text_value.data() + text_value.size())
    throw std::logic_error(fmt::format("setting '{}' is not a whole number", name));
  return out;
}

double Settings::number(std::string_view name) const {
  const std::string& text_value = text(name);
  double out = 0;
  const auto [end, error] = std::from_chars(text_value.data(), text_value.data() + text_value.size(), out);
  if (error != std::errc() || end != text_value.data() + text_value.size())
    throw std::logic_error(fmt::format("setting '{}' is not a number", name));
  return out;
}

bool Settings::enabled(std::string_view name) const { return text(name) == "true"; }

}  // namespace zubr::core
