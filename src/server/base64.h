// RFC 4648 section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zubr::server {

std::string base64(std::string_view bytes);

// None for what is not; the '=' at the end may be left out.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace zubr::server
