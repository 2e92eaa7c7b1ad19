// Strings on their way into JSON.
#pragma once

#include <string>
#include <string_view>

namespace zubr::server {

// Quoted and escaped (RFC 8259 section 7). A byte that is not UTF-8 becomes U+FFFD.
std::string json_text(std::string_view text);
void append_json_text(std::string& out, std::string_view text);

}  // namespace zubr::server
