#include "core/display.h"

#include <array>
#include <cmath>

#include "core/message.h"

namespace zubr::core {

std::string display_count(std::int64_t count) {
  const std::string digits =
      std::to_string(count < 0 ? -static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count));
  const std::string_view separator = translate(",");
  std::string out = count < 0 ? "-" : "";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out;
}

std::string display_duration(std::chrono::nanoseconds duration) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(duration).count());
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {:02} h", whole / 86400, whole % 86400 / 3600);
}

std::string display_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string display_rate(double per_second) {
  if (!std::isfinite(per_second) || per_second < 0) return "0";
  if (per_second < 0.995) return fmt::format("{:.2f}", per_second);
  if (per_second < 99.95) return fmt::format("{:.1f}", per_second);
  return display_count(static_cast<std::int64_t>(std::llround(std::min(per_second, 1e18))));
}

}  // namespace zubr::core
