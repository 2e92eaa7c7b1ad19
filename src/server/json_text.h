// Strings on their way into JSON.
#pragma once

#include <string>
#include <string_view>

namespace zubr::server {

// Quoted and escaped (RFC 8259 section 7). A byte that is not UTF-8 becomes U+FFFD.
std::string json_text(std::string_view text);
void append_json_text(std::string& out, std::string_view text);

// The length of the UTF-8 character (RFC 3629) at the start of `text`, 0 when there is none.
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace zubr::server
