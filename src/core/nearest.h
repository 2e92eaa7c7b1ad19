// The nearest known word to a mistyped one, for "did you mean …".
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace zubr::core {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment
// distance, Boytsov 2011, https://doi.org/10.1145/1963190.1963191), counted in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word with the smallest distance, the earliest among equals; none when every word differs in more than a
// third of its letters (but two letters are always allowed for a word of four or more).
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace zubr::core
