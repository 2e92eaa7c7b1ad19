#include "net/http.h"

namespace zubr::net {

ErrorCode code_of_status(int status) {
  switch (status) {
    case 401: return ErrorCode::kUnauthenticated;
    case 402: return ErrorCode::kBudgetExceeded;
    case 403: return ErrorCode::kPermissionDenied;
    case 404:
    case 410: return ErrorCode::kNotFound;
    case 408: return ErrorCode::kTimeout;
    case 413: return ErrorCode::kTooLarge;
    case 429: return ErrorCode::kRateLimited;
    case 501:
    case 505: return ErrorCode::kUnsupported;
    default: break;
  }
  if (status >= 500) return ErrorCode::kUnavailable;
  return status >= 400 ? ErrorCode::kInvalidArgument : ErrorCode::kUnsupported;
}

}  // namespace zubr::net
