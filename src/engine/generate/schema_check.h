// What a JSON schema must be before it may become a grammar.
//
// GenerateRequest promises an answer that the schema accepts, so a schema with a constraint that a grammar cannot
// enforce ("minimum" of a number, "not", "uniqueItems" …) is refused, with the name of the constraint, instead of being
// honoured in part. Schemas come from outside: size, depth and repetitions are bounded, references may not run in
// circles, and patterns go through pattern.h. Of "oneOf" only "at least one" is enforced. Objects have no properties
// beyond the named ones unless additionalProperties says so.
//
// Threads: any. Errors: kInvalidArgument with the place in the schema.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

inline constexpr std::size_t kMaxSchemaBytes = 64 * 1024;
inline constexpr int kMaxSchemaDepth = 24;
inline constexpr int kMaxSchemaNodes = 1000;
inline constexpr int kMaxSchemaRepeat = 1000;        // minItems, maxItems, minLength, maxLength
inline constexpr int kMaxSchemaRepeatTotal = 10000;  // all of them together
inline constexpr int kMaxSchemaValues = 1000;        // of one enum
inline constexpr int kMaxSchemaProperties = 200;
inline constexpr int kMaxOptionalProperties = 50;  // of one object: the grammar grows with their square

// The schema in the form that grammar_from_schema() (engine/llama/grammar.h) understands wholly.
Result<std::string> check_schema(std::string_view schema);

}  // namespace zubr::engine
