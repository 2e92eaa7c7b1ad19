// The body of POST /v1/messages (docs.anthropic.com/en/api/messages), read strictly: what is of the wrong type, or
// would change the answer and is not supported, is a 400 that names it; unknown fields are ignored.
#pragma once

#include <string_view>

#include "inference/generation.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::anthropic {

struct MessageRequest {
  inference::GenerateRequest generate;
  bool stream = false;
};

// `counting`: for count_tokens, which needs no max_tokens.
ApiResult<MessageRequest> parse_message_request(std::string_view body, const ServerLimits& limits, bool counting);

}  // namespace zubr::server::anthropic
