#include "bulk/job/toml_section.h"

#include <algorithm>
#include <charconv>

#include "core/nearest.h"

namespace zubr::bulk {

using core::TomlType;
using core::TomlValue;

TomlSection::TomlSection(std::span<const TomlValue> values, std::vector<std::string> path, std::string source)
    : path_(std::move(path)), source_(std::move(source)) {
  for (const TomlValue& value : values) {
    const bool below = value.path.size() > path_.size() && std::equal(path_.begin(), path_.end(), value.path.begin());
    if (below) values_.push_back(&value);
  }
}

int TomlSection::line() const { return values_.empty() ? 1 : values_.front()->line; }

std::string TomlSection::name() const {
  if (path_.empty()) return message("the file");
  int number = 0;
  const std::string& last = path_.back();
  if (path_.size() == 2 && std::from_chars(last.data(), last.data() + last.size(), number).ec == std::errc{})
    return fmt::format("[[{}]] {}", path_.front(), number + 1);
  return fmt::format("[{}]", fmt::join(path_, "."));
}

tl::unexpected<Error> TomlSection::located(std::string_view key, std::string text) const {
  const auto at = std::ranges::find_if(values_, [&](const TomlValue* value) { return key_of(*value) == key; });
  const int where = at == values_.end() ? line() : (*at)->line;
  return fail(Error(ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}", source_, where, text)));
}

bool TomlSection::has(std::string_view key) {
  if (std::ranges::find(allowed_, key) == allowed_.end()) allowed_.emplace_back(key);
  return std::ranges::any_of(values_, [&](const TomlValue* value) { return key_of(*value) == key; });
}

Result<const TomlValue*> TomlSection::leaf(std::string_view key, std::initializer_list<TomlType> types,
                                           std::string_view wanted) {
  const TomlValue* found = nullptr;
  if (!has(key)) return found;
  for (const TomlValue* value : values_) {
    if (key_of(*value) != key) continue;
    if (value->path.size() != path_.size() + 1 || std::ranges::find(types, value->type) == types.end())
      return wrong(key, "'{}' must be {}", key, wanted);
    found = value;
  }
  return found;
}

tl::unexpected<Error> TomlSection::missing(std::string_view key, std::string text) const {
  const std::vector<std::string> wanted{std::string(key)};
  for (const TomlValue* value : values_) {
    const std::string there(key_of(*value));
    if (there != key && core::nearest(there, wanted) && std::ranges::find(allowed_, there) == allowed_.end())
      return wrong(there, "{} has no '{}'; did you mean '{}'?", name(), there, key);
  }
  return located(key, std::move(text));
}

Result<std::string> TomlSection::text(std::string_view key) {
  ZUBR_TRY(found, leaf(key, {TomlType::kText}, message("a text in quotes")));
  return found == nullptr ? std::string() : found->text;
}

Result<std::string> TomlSection::required_text(std::string_view key, std::string_view example) {
  ZUBR_TRY(value, text(key));
  if (value.empty()) return missing(key, message("{} needs '{}', for example: {} = {}", name(), key, key, example));
  return value;
}

Result<std::string> TomlSection::choice(std::string_view key, std::span<const std::string_view> choices) {
  ZUBR_TRY(value, text(key));
  if (value.empty() && !choices.empty()) return std::string(choices.front());
  if (std::ranges::find(choices, value) != choices.end()) return value;
  return wrong(key, "'{}' is '{}'; it must be one of: {}", key, value, fmt::format("{}", fmt::join(choices, ", ")));
}

Result<std::int64_t> TomlSection::integer(std::string_view key, std::int64_t fallback, std::int64_t min,
                                          std::int64_t max) {
  ZUBR_TRY(found, leaf(key, {TomlType::kInteger}, message("a whole number")));
  if (found == nullptr) return fallback;
  std::int64_t value = 0;
  std::from_chars(found->text.data(), found->text.data() + found->text.size(), value);
  if (value < min || value > max) return wrong(key, "'{}' is {}; it must be from {} to {}", key, value, min, max);
  return value;
}

Result<double> TomlSection::number(std::string_view key, double fallback, double min, double max) {
  ZUBR_TRY(found, leaf(key, {TomlType::kInteger, TomlType::kNumber}, message("a number")));
  if (found == nullptr) return fallback;
  double value = 0;
  std::from_chars(found->text.data(), found->text.data() + found->text.size(), value);
  if (!(value >= min && value <= max)) return wrong(key, "'{}' is {}; it must be from {} to {}", key, value, min, max);
  return value;
}

Result<bool> TomlSection::boolean(std::string_view key, bool fallback) {
  ZUBR_TRY(found, leaf(key, {TomlType::kBool}, "true, false"));
  return found == nullptr ? fallback : found->text == "true";
}

Result<std::vector<std::string>> TomlSection::texts(std::string_view key) {
  std::vector<std::string> all;
  if (!has(key)) return all;
  for (const TomlValue* value : values_) {
    if (key_of(*value) != key) continue;
    if (value->type != TomlType::kText || value->path.size() > path_.size() + 2)
      return wrong(key, "'{}' must be a text in quotes, or an array of them", key);
    all.push_back(value->text);
  }
  return all;
}

std::vector<TomlSection> TomlSection::items(std::string_view key) {
  std::vector<TomlSection> all;
  if (!has(key)) return all;
  for (std::size_t number = 0;; ++number) {
    std::vector<std::string> path = path_;
    path.emplace_back(key);
    path.push_back(std::to_string(number));
    TomlSection item({}, path, source_);
    for (const TomlValue* value : values_) {
      const bool inside =
          value->path.size() >= path.size() && std::equal(path.begin(), path.end(), value->path.begin());
      if (inside && value->path.size() > path.size()) item.values_.push_back(value);
    }
    if (item.values_.empty()) return all;
    all.push_back(std::move(item));
  }
}

TomlSection TomlSection::section(std::string_view key) {
  std::vector<std::string> path = path_;
  path.emplace_back(key);
  TomlSection inner({}, path, source_);
  if (!has(key)) return inner;
  for (const TomlValue* value : values_) {
    if (value->path.size() > path.size() && std::equal(path.begin(), path.end(), value->path.begin()))
      inner.values_.push_back(value);
  }
  return inner;
}

Result<void> TomlSection::finish() const {
  for (const TomlValue* value : values_) {
    const std::string key(key_of(*value));
    if (std::ranges::find(allowed_, key) != allowed_.end()) continue;
    const std::string all = fmt::format("{}", fmt::join(allowed_, ", "));
    if (const auto near = core::nearest(key, allowed_))
      return wrong(key, "{} has no '{}'; did you mean '{}'? It may have: {}", name(), key, *near, all);
    return wrong(key, "{} has no '{}'; it may have: {}", name(), key, all);
  }
  return {};
}

}  // namespace zubr::bulk
