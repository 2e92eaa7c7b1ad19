// Gate: what is decided about a request before its body is read. Pure: no sockets.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/key_ring.h"
#include "server/api_error.h"
#include "server/message.h"
#include "server/origin_guard.h"
#include "server/request_parser.h"
#include "server/routes.h"

namespace zubr::server {

struct Admission {
  std::optional<Response> refusal;  // answer with this instead of going on (also for OPTIONS, with status 204)
  const Route* route = nullptr;
  Request request;    // without the body
  bool cors = false;  // the Origin is an allowed one: say so in the answer
};

// What the key that a client sent (empty: none) is good for. An empty function: nobody needs a key.
using KeyCheck = std::function<access::Verdict(std::string_view presented)>;

// Host and Origin come first: whom a browser may not speak for learns nothing else. Then the route, then the key.
// `fallback_id` is used when the client sent no X-Request-Id, or one that is not [A-Za-z0-9._-]{1,64}.
Admission admit(const RequestHead& head, const OriginGuard& guard, const KeyCheck& keys, std::string fallback_id);

// "00-<32 hex>-<16 hex>-<2 hex>", no part of it all zero (www.w3.org/TR/trace-context, version 00).
bool is_traceparent(std::string_view text);

}  // namespace zubr::server
