// JSON as text: values keep their spelling, so nothing here turns a number into a double and back.
// Pure functions, any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::formats {

// Whether `text` is one JSON value (RFC 8259), nested at most 256 deep; the message says what is wrong and where.
Result<void> check_json(std::string_view text);

// The members of an object, in order. `text` must be sound (check_json). Keys and strings come as they stand between
// their quotes; `value` is the whole value's text.
// The visitor returns false to stop.
using MemberVisitor = std::function<bool(std::string_view key, std::string_view value)>;
void visit_members(std::string_view text, const MemberVisitor& visit);

bool has_escapes(std::string_view string_body);
// Appends the content of a sound JSON string (without its quotes) as UTF-8.
void append_unescaped(std::string& out, std::string_view string_body);
// Appends `text` (valid UTF-8) as a JSON string, with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace zubr::formats
