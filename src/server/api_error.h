// An error as OpenAI's API says it: {"error":{"message","type","param","code"}} with an HTTP status.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "core/error.h"
#include "server/message.h"

namespace zubr::server {

struct ApiError {
  int status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::optional<std::string> param;  // the field that is wrong, "messages[2].content"
  std::optional<std::string> code;
  int retry_after_s = 0;  // > 0: Retry-After
};

template <typename T>
using ApiResult = tl::expected<T, ApiError>;

// By the table in http_status.h.
ApiError api_error(const Error& error);
// 400 for one field.
ApiError bad_field(std::string param, std::string message, std::string code = "invalid_value");

std::string error_json(const ApiError& error);
Response error_response(const ApiError& error);

}  // namespace zubr::server
