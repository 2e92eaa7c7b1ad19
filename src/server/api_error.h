// An error with an HTTP status, and how the API says it that was called:
//   OpenAI     {"error":{"message","type","param","code"}}     all paths but these:
//   Ollama     {"error":"message"}                             /api/…
//   Anthropic  {"type":"error","error":{"type","message"}}     /v1/messages…
#pragma once

#include <optional>
#include <string>
#include <string_view>
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

enum class Dialect { kOpenAi, kOllama, kAnthropic };
Dialect dialect_of(std::string_view path);

std::string error_json(const ApiError& error, Dialect dialect = Dialect::kOpenAi);
Response error_response(const ApiError& error, Dialect dialect = Dialect::kOpenAi);

// What a Backend says about the request: kTooLarge means that the field `param` does not fit the model, which clients
// know as a 400 with the code context_length_exceeded.
ApiError request_error(const Error& error, std::string param);

}  // namespace zubr::server
