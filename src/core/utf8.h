// UTF-8 from outside: is it valid, and if not, make it so. Pure functions, any thread.
//
// Valid means what the Unicode Standard (table 3-7) calls well-formed: no overlong forms, no surrogates, nothing over
// U+10FFFF. NUL is a character like any other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zubr::core {

bool utf8_valid(std::string_view text);

// The offset of the first byte that is not part of valid UTF-8; text.size() when all of it is.
std::size_t utf8_valid_prefix(std::string_view text);

// Each maximal broken part (Unicode 3.9, "substitution of maximal subparts") becomes one U+FFFD.
std::string utf8_replace(std::string_view text);

// At most `max_bytes` of valid text, never cut inside a character.
std::string_view utf8_truncate(std::string_view text, std::size_t max_bytes);

}  // namespace zubr::core
