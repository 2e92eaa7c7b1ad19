#include "core/setting.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace zubr::core {
namespace {

std::string number_text(double value) { return fmt::format("{}", value); }

std::string describe_range(const Setting& setting) {
  const bool low = std::isfinite(setting.min);
  const bool high = std::isfinite(setting.max);
  if (low && high) return message(" from {} to {}", number_text(setting.min), number_text(setting.max));
  if (low) return message(", at least {}", number_text(setting.min));
  if (high) return message(", at most {}", number_text(setting.max));
  return {};
}

template <typename Number>
bool parses(std::string_view text, double& out) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  out = static_cast<double>(value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(out);
}

bool allowed(const Setting& setting, std::string_view text) {
  double number = 0;
  switch (setting.type) {
    case SettingType::kText:
      return setting.choices.empty() || std::ranges::find(setting.choices, text) != setting.choices.end();
    case SettingType::kBool: return text == "true" || text == "false";
    case SettingType::kInteger:
      return parses<std::int64_t>(text, number) && number >= setting.min && number <= setting.max;
    case SettingType::kNumber: return parses<double>(text, number) && number >= setting.min && number <= setting.max;
  }
  return false;
}

}  // namespace

std::string Setting::env_name() const {
  if (!env.empty()) return env;
  std::string out = "ZUBR_" + name;
  std::ranges::transform(out, out.begin(), [](char c) {
    return c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return out;
}

std::string Setting::flag_name() const {
  if (!flag.empty()) return flag;
  std::string out("--");
  out += std::string_view(name).substr(name.rfind('.') + 1);  // npos + 1 == 0
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string describe_values(const Setting& setting) {
  switch (setting.type) {
    case SettingType::kBool: return message("true or false");
    case SettingType::kInteger: return message("a whole number") + describe_range(setting);
    case SettingType::kNumber: return message("a number") + describe_range(setting);
    case SettingType::kText: break;
  }
  if (setting.choices.empty()) return message("text");
  return message("one of {}", fmt::format("{}", fmt::join(setting.choices, ", ")));
}

Result<void> check_value(const Setting& setting, std::string_view text, std::string_view origin) {
  if (allowed(setting, text)) return {};
  return fail(ErrorCode::kInvalidArgument, "{}: '{}' is not {}; for example: {}", origin, text,
              describe_values(setting), setting.example.empty() ? setting.fallback : setting.example);
}

void SettingsRegistry::declare(std::vector<Setting> settings) {
  for (Setting& setting : settings) {
    if (find(setting.name) != nullptr) throw std::logic_error("setting declared twice: " + setting.name);
    if (!setting.fallback.empty() && !check_value(setting, setting.fallback, setting.name))
      throw std::logic_error("the default of this setting is not allowed: " + setting.name);
    all_.push_back(std::move(setting));
  }
}

const Setting* SettingsRegistry::find(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &Setting::name);
  return found == all_.end() ? nullptr : &*found;
}

std::vector<Setting> core_settings() {
  return {
      {.name = "language",
       .fallback = "en",
       .help = "The language of messages.",
       .example = "pl",
       .env = "ZUBR_LANG",
       .choices = {"en", "pl"}},
      {.name = "log.level",
       .fallback = "warn",
       .help = "How much is logged to standard error.",
       .example = "info",
       .env = "ZUBR_LOG",
       .flag = "--log-level",
       .choices = {"debug", "info", "warn", "error", "off"}},
  };
}

}  // namespace zubr::core
