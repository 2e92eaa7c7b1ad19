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

std::string error_json(const ApiError& error) {
  return fmt::format(R"({{"error":{{"message":{},"type":{},"param":{},"code":{}}}}})", json_text(error.message),
                     json_text(error.type), error.param ? json_text(*error.param) : "null",
                     error.code ? json_text(*error.code) : "null");
}

Response error_response(const ApiError& error) {
  Response response;
  response.status = error.status;
  response.body = error_json(error);
  if (error.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  return response;
}

}  // namespace zubr::server
