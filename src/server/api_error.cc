#include "server/api_error.h"

#include <fmt/format.h>

#include "server/http_status.h"
#include "server/json_text.h"

namespace zubr::server {

ApiError api_error(const Error& error) {
  const HttpStatus& row = http_status(error.code());
  const bool try_later = row.status == 503 || row.status == 429;
  return {.status = row.status,
          .message = error.message(),
          .type = std::string(row.type),
          .param = std::nullopt,
          .code = std::string(row.code),
          .retry_after_s = try_later ? 1 : 0};
}

ApiError bad_field(std::string param, std::string message, std::string code) {
  ApiError error;
  error.message = std::move(message);
  if (!param.empty()) error.param = std::move(param);
  error.code = std::move(code);
  return error;
}

Dialect dialect_of(std::string_view path) {
  if (path.starts_with("/api/")) return Dialect::kOllama;
  if (path == "/v1/messages" || path.starts_with("/v1/messages/")) return Dialect::kAnthropic;
  return Dialect::kOpenAi;
}

namespace {

// docs.anthropic.com/en/api/errors
std::string_view anthropic_type(const ApiError& error) {
  switch (error.status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    default: return error.status >= 500 ? "api_error" : "invalid_request_error";
  }
}

}  // namespace

std::string error_json(const ApiError& error, Dialect dialect) {
  switch (dialect) {
    case Dialect::kOllama: return fmt::format(R"({{"error":{}}})", json_text(error.message));
    case Dialect::kAnthropic:
      return fmt::format(R"({{"type":"error","error":{{"type":"{}","message":{}}}}})", anthropic_type(error),
                         json_text(error.message));
    case Dialect::kOpenAi: break;
  }
  return fmt::format(R"({{"error":{{"message":{},"type":{},"param":{},"code":{}}}}})", json_text(error.message),
                     json_text(error.type), error.param ? json_text(*error.param) : "null",
                     error.code ? json_text(*error.code) : "null");
}

Response error_response(const ApiError& error, Dialect dialect) {
  Response response;
  response.status = error.status;
  response.body = error_json(error, dialect);
  if (error.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  return response;
}

ApiError request_error(const Error& error, std::string param) {
  ApiError answer = api_error(error);
  if (error.code() == ErrorCode::kTooLarge) {
    answer.status = 400;
    answer.code = "context_length_exceeded";
  }
  if (error.code() == ErrorCode::kTooLarge) answer.param = std::move(param);
  return answer;
}

}  // namespace zubr::server
