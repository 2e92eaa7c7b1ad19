// Lengths of time as Ollama's clients write them: "5m", "1h30m", "-1s", "0.5s" (Go's time.ParseDuration).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace zubr::server {

// None for what is no duration. A longer one than a hundred years is a hundred years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// A number of seconds as a length of time, with the same limit; none for what is no number.
std::optional<std::chrono::milliseconds> seconds_duration(double seconds);

}  // namespace zubr::server
