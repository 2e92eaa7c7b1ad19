// The first lines of an answer, as bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/message.h"

namespace zubr::server {

struct HeadFacts {
  std::string_view request_id;
  std::string_view trace = {};   // the request's traceparent, given back
  std::string_view cors_origin;  // empty: no CORS headers
  bool http10 = false;
  bool keep_alive = true;
  std::optional<std::size_t> content_length;  // none: chunked (HTTP/1.1) or until the end of the connection (1.0)
};

std::string response_head(const ResponseHead& head, const HeadFacts& facts);
// One chunk of a chunked body (RFC 9112 7.1); the last one is kLastChunk.
void append_chunk(std::string& out, std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace zubr::server
