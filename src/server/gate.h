// Gate: what is decided about a request before its body is read. Pure: no sockets.
#pragma once

#include <optional>
#include <string>

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

// `fallback_id` is used when the client sent no X-Request-Id, or one that is not [A-Za-z0-9._-]{1,64}.
Admission admit(const RequestHead& head, const OriginGuard& guard, std::string fallback_id);

}  // namespace zubr::server
