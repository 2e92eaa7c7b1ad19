// Header values with an inner grammar: Content-Range, Link, WWW-Authenticate. Pure; none where the text is malformed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace zubr::net {

// "bytes 0-99/1000", "bytes 0-99/*", "bytes */1000" (RFC 9110, section 14.4).
struct ContentRange {
  bool satisfied = false;  // false: "bytes */1000", as a 416 says
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  std::optional<std::uint64_t> total = {};
};
std::optional<ContentRange> parse_content_range(std::string_view value);

// A Content-Length, or any other plain whole number.
std::optional<std::uint64_t> parse_length(std::string_view value);

// The target of the first link with rel="next" (RFC 8288).
std::optional<std::string> parse_next_link(std::string_view value);

// Bearer realm="https://…",service="…",scope="…" (RFC 6750): the parameters, names in lower case.
struct BearerChallenge {
  std::map<std::string, std::string, std::less<>> parameters;
  std::string get(std::string_view name) const;
};
std::optional<BearerChallenge> parse_bearer_challenge(std::string_view value);

}  // namespace zubr::net
