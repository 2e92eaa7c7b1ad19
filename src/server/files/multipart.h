// multipart/form-data (RFC 7578) out of a whole body. Pure; strict: what is not in its form is an error, never guessed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::server {

struct FormPart {
  std::string name;
  std::optional<std::string> file_name;
  std::string_view content;  // of the body that was parsed, which has to outlive it
};

// kInvalidArgument, with what is wrong, for a type that is not multipart/form-data with a boundary, and for a body that
// does not have its form or has over 64 parts.
Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace zubr::server
