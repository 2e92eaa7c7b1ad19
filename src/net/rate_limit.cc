#include "net/rate_limit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace zubr::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(separator, start), text.size());
    parts.push_back(trim(text.substr(start, end - start)));
    start = end + 1;
  }
  return parts;
}

}  // namespace

std::optional<system_clock::time_point> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // 01234567890123456789012345678
  // Sun, 06 Nov 1994 08:49:37 GMT
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT")) return std::nullopt;
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto day = number<unsigned>(text.substr(5, 2));
  const auto year = number<int>(text.substr(12, 4));
  const auto hour = number<int>(text.substr(17, 2));
  const auto minute = number<int>(text.substr(20, 2));
  const auto second = number<int>(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  if (*hour < 0 || *hour > 23 || *minute < 0 || *minute > 59 || *second < 0 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month - kMonths.begin()) + 1},
                                         std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second};
}

std::optional<milliseconds> parse_retry_after(std::string_view value, system_clock::time_point now) {
  value = trim(value);
  if (const auto seconds = number<double>(value); seconds && *seconds >= 0 && *seconds < 1e9)
    return milliseconds{static_cast<std::int64_t>(*seconds * 1000)};
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(*date - now));
}

std::vector<RateLimit> parse_rate_limit(std::string_view value) {
  std::vector<RateLimit> limits;
  for (const std::string_view item : split(value, ',')) {
    const auto fields = split(item, ';');
    RateLimit limit;
    std::string_view name = fields.front();
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
    limit.policy = name;
    bool known = false;
    for (const std::string_view field : fields) {
      if (field.starts_with("r=")) {
        const auto remaining = number<std::int64_t>(field.substr(2));
        known = remaining.has_value();
        limit.remaining = remaining.value_or(0);
      }
      if (field.starts_with("t="))
        limit.reset = std::chrono::seconds{
            std::clamp<std::int64_t>(number<std::int64_t>(field.substr(2)).value_or(0), 0, 1'000'000'000)};
    }
    if (known) limits.push_back(std::move(limit));
  }
  return limits;
}

std::optional<milliseconds> requested_wait(const Headers& headers, system_clock::time_point now) {
  if (const auto value = headers.find("retry-after"))
    if (const auto wait = parse_retry_after(*value, now)) return wait;
  std::optional<milliseconds> longest;
  for (const RateLimit& limit : parse_rate_limit(headers.get("ratelimit")))
    if (limit.remaining <= 0) longest = std::max<milliseconds>(longest.value_or(milliseconds{0}), limit.reset);
  return longest;
}

}  // namespace zubr::net
