// The body of POST /v1/chat/completions (platform.openai.com/docs/api-reference/chat/create), read strictly: a field of
// the wrong type or out of its range is a 400 that names it; a field that would change the answer and is not supported
// is a 400 too; a field that is not known is ignored, as OpenAI does.
#pragma once

#include <string>
#include <string_view>

#include "inference/generation.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::openai {

struct ChatRequest {
  inference::GenerateRequest generate;
  int choices = 1;  // `n`
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
};

ApiResult<ChatRequest> parse_chat_request(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server::openai
