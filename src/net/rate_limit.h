// What a server says about when to come back. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/headers.h"

namespace zubr::net {

// Retry-After (RFC 9110, section 10.2.3): seconds ("120", "1.5" is accepted too) or a date, taken from `now`; a date
// that has passed is 0. None for anything else.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::chrono::system_clock::time_point now);

// The IMF-fixdate of RFC 9110, section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text);

// RateLimit: "api";r=0;t=55, "resolvers";r=12;t=55 (draft-ietf-httpapi-ratelimit-headers).
struct RateLimit {
  std::string policy;
  std::int64_t remaining = 0;
  std::chrono::seconds reset{0};
};
std::vector<RateLimit> parse_rate_limit(std::string_view value);

// The wait that an answer asks for: Retry-After, else the reset of a RateLimit that has nothing remaining.
std::optional<std::chrono::milliseconds> requested_wait(const Headers& headers,
                                                        std::chrono::system_clock::time_point now);

}  // namespace zubr::net
