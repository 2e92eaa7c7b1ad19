// How an ErrorCode looks from outside: the one table of HTTP statuses and OpenAI error types.
//
// Types and codes are the ones OpenAI's clients know (platform.openai.com/docs/guides/error-codes); where there is
// none, `code` is error_name(). A chat prompt that does not fit its context is not in the table: kTooLarge is 413 in
// general, but 400 context_length_exceeded there, because clients branch on that.
#pragma once

#include <array>
#include <string_view>

#include "core/error.h"

namespace zubr::server {

struct HttpStatus {
  ErrorCode error;
  int status;
  std::string_view type;
  std::string_view code;
};

inline constexpr std::array<HttpStatus, 19> kHttpStatuses{{
    {ErrorCode::kInvalidArgument, 400, "invalid_request_error", "invalid_value"},
    {ErrorCode::kNotFound, 404, "invalid_request_error", "not_found"},
    {ErrorCode::kAlreadyExists, 409, "invalid_request_error", "already_exists"},
    {ErrorCode::kCorrupt, 500, "server_error", "corrupt"},
    {ErrorCode::kUnsupported, 400, "invalid_request_error", "unsupported"},
    {ErrorCode::kTooLarge, 413, "invalid_request_error", "too_large"},
    {ErrorCode::kPermissionDenied, 403, "permission_error", "permission_denied"},
    {ErrorCode::kUnauthenticated, 401, "authentication_error", "invalid_api_key"},
    {ErrorCode::kIo, 500, "server_error", "io"},
    {ErrorCode::kDiskFull, 507, "server_error", "disk_full"},
    {ErrorCode::kOutOfMemory, 503, "server_error", "out_of_memory"},
    {ErrorCode::kNetwork, 502, "server_error", "network"},
    {ErrorCode::kTimeout, 504, "server_error", "timeout"},
    {ErrorCode::kUnavailable, 503, "server_error", "unavailable"},
    {ErrorCode::kRateLimited, 429, "rate_limit_error", "rate_limit_exceeded"},
    {ErrorCode::kBudgetExceeded, 402, "insufficient_quota", "insufficient_quota"},
    {ErrorCode::kPrivacy, 403, "permission_error", "privacy"},
    {ErrorCode::kCancelled, 503, "server_error", "cancelled"},
    {ErrorCode::kInternal, 500, "server_error", "internal"},
}};

constexpr const HttpStatus& http_status(ErrorCode code) {
  for (const HttpStatus& row : kHttpStatuses) {
    if (row.error == code) return row;
  }
  return kHttpStatuses.back();
}

// "Not Found"; "Unknown" for a number that we never send.
std::string_view reason_phrase(int status);

}  // namespace zubr::server
