// The "pattern" of a JSON schema (a regular expression) in the form that can be turned into a grammar.
//
// What is understood: literal characters, . [abc] [^a-z] \d \w \s, groups, alternatives, ? * + {n} {n,} {n,m}, with ^
// at the start and $ at the end. The result accepts a subset of the strings that the pattern accepts: no quotes,
// backslashes or control characters, which a JSON string cannot hold as they are.
//
// A grammar walks all the ways in which a text can match at once, and for (a+)+ these double with every character. So
// patterns in which a repetition can match the same text in several ways are refused: Glushkov's automaton (Glushkov,
// "The abstract theory of automata", 1961) must be deterministic inside of loops, and nearly so between them.
//
// Threads: any. Errors: kInvalidArgument, saying what is not supported and where.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

inline constexpr std::size_t kMaxPatternBytes = 512;
inline constexpr int kMaxPatternRepeat = 500;

Result<std::string> normalise_pattern(std::string_view pattern);

}  // namespace zubr::engine
