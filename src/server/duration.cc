#include "server/duration.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace zubr::server {
namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"µs", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
constexpr double kLongest = 100 * 365.0 * 86'400;

// The longest one that the text begins with: "ms" and not "m".
const Unit* unit_at(std::string_view text) {
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name) && (!best || unit.name.size() > best->name.size())) best = &unit;
  }
  return best;
}

}  // namespace

std::optional<std::chrono::milliseconds> seconds_duration(double seconds) {
  if (std::isnan(seconds)) return std::nullopt;
  return std::chrono::milliseconds(std::llround(std::clamp(seconds, -kLongest, kLongest) * 1'000));
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const auto end = text.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    const std::string number(text.substr(0, end));
    if (number == "." || number.find('.') != number.rfind('.')) return std::nullopt;
    text.remove_prefix(end);
    const Unit* unit = unit_at(text);
    if (!unit) return std::nullopt;
    text.remove_prefix(unit->name.size());
    seconds += std::strtod(number.c_str(), nullptr) * unit->seconds;
  }
  return seconds_duration(negative ? -seconds : seconds);
}

}  // namespace zubr::server
