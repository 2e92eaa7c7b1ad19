// An absolute http or https address, taken apart. Pure; any thread. RFC 3986.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::net {

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; an IPv6 address in brackets
  int port = 0;        // always set: 80 or 443 where the text names none
  std::string target;  // path and query as sent: "/a/b?c=d"
  std::string text;    // the whole, normalised, without a fragment

  // kInvalidArgument: not absolute, another scheme, a user name or password inside, broken.
  static Result<Url> parse(std::string_view text);
  // `reference` as it stands in a Location header: absolute or relative to this one.
  Result<Url> resolve(std::string_view reference) const;

  // Scheme, host and port: who gets to see credentials (RFC 6454).
  bool same_origin(const Url& other) const;
  bool is_loopback() const;  // 127.0.0.0/8, [::1], localhost

  // For messages: without the query, which may be a signature.
  std::string display() const;
};

// A path segment or query value with everything but unreserved characters as %XX.
std::string percent_encode(std::string_view text);
// The same, '/' kept: for a path in a repository.
std::string percent_encode_path(std::string_view text);

}  // namespace zubr::net
