// What bounds an answer, whoever makes it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/result.h"

namespace zubr::engine {

inline constexpr int kMaxTopLogprobs = 100;
inline constexpr std::size_t kPenaltyWindow = 64;  // as many tokens as llama-common's penalties look back

// kInvalidArgument for an empty stop string, and one that is not UTF-8.
Result<void> check_stops(const std::vector<std::string>& stops);

}  // namespace zubr::engine
