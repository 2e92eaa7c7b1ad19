#include "catalog/sources/json_fields.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "core/utf8.h"

namespace zubr::catalog {

namespace json = boost::json;
namespace {

constexpr std::size_t kMaxText = 4096;
constexpr std::size_t kMaxTexts = 1000;

std::string clean(const json::string& text) {
  const std::string_view bytes(text.data(), text.size());
  std::string clean = core::utf8_replace(core::utf8_truncate(bytes, kMaxText));
  // What is shown on a terminal must not steer it.
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return clean;
}

// As the shortest decimal that is this number, so that 1.4e-07 is what was written.
std::optional<std::string> decimal_at(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return clean(value->get_string());
  if (value->is_double()) return fmt::format("{}", value->get_double());
  if (value->is_int64()) return fmt::format("{}", value->get_int64());
  if (value->is_uint64()) return fmt::format("{}", value->get_uint64());
  return std::nullopt;
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::string_view what) {
  json::error_code error;
  json::stream_parser parser;
  const std::size_t read = parser.write_some({text.data(), text.size()}, error);
  if (!error && !parser.done()) {
    error.clear();
    parser.finish(error);
    if (error) return fail(ErrorCode::kCorrupt, "{} ends in the middle, after {} bytes", what, text.size());
  }
  if (error) return fail(ErrorCode::kCorrupt, "{} is no JSON from byte {} on: {}", what, read, error.message());
  return parser.release();
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}
const json::object* object_at(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr ? value->if_object() : nullptr;
}
const json::array* array_at(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr ? value->if_array() : nullptr;
}

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_string() ? clean(value->get_string()) : std::string();
}

std::vector<std::string> texts_at(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  if (const json::array* array = array_at(object, name)) {
    for (const json::value& value : *array)
      if (value.is_string() && texts.size() < kMaxTexts) texts.push_back(clean(value.get_string()));
  } else if (const std::string text = text_at(object, name); !text.empty()) {
    texts.push_back(text);
  }
  return texts;
}

std::optional<std::int64_t> count_at(const json::object& object, std::string_view name) {
  const auto number = number_at(object, name);
  if (!number || *number < 0 || *number > 9e15 || std::trunc(*number) != *number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> number_at(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->to_number<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<bool> flag_at(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_bool() ? std::optional(value->get_bool()) : std::nullopt;
}

std::optional<core::PicoDollars> dollars_at(const json::object& object, std::string_view name) {
  const auto text = decimal_at(object, name);
  if (!text) return std::nullopt;
  const auto amount = core::parse_dollars(*text);
  return amount ? std::optional(*amount) : std::nullopt;
}

std::optional<core::PicoDollars> dollars_per_million_at(const json::object& object, std::string_view name) {
  const auto text = decimal_at(object, name);
  if (!text) return std::nullopt;
  const auto amount = core::parse_dollars_per_million(*text);
  return amount ? std::optional(*amount) : std::nullopt;
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (const std::size_t at : {0, 1, 2, 3, 5, 6, 8, 9})
    if (text[at] < '0' || text[at] > '9') return false;
  return true;
}

std::string date_at(const json::object& object, std::string_view name) {
  const std::string text = text_at(object, name).substr(0, 10);
  return is_date(text) ? text : std::string();
}

std::string date_of_seconds(std::int64_t seconds) {
  if (seconds < 1'000'000'000 || seconds > 10'000'000'000) return {};
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

}  // namespace zubr::catalog
