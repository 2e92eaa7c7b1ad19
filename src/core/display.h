// Numbers for people: "12,345", "1 min 05 s", "1.5 GiB". Pure; follows the language of the messages.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace zubr::core {

std::string display_count(std::int64_t count);
std::string display_duration(
    std::chrono::nanoseconds duration);          // "0.4 s", "12 s", "3 min 05 s", "2 h 07 min", "4 d 02 h"
std::string display_bytes(std::uint64_t bytes);  // "512 B", "3.4 MiB"
std::string display_rate(double per_second);     // "0.42", "8.1", "1,204"

}  // namespace zubr::core
