// The body of POST /v1/responses (platform.openai.com/docs/api-reference/responses/create), read as strictly as that of
// a chat completion: what would change the answer and is not supported is a 400 that names the field.
#pragma once

#include <boost/json.hpp>

#include <string>
#include <string_view>

#include "inference/generation.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::openai {

struct ResponseRequest {
  inference::GenerateRequest generate;  // without messages: see conversation()
  std::string instructions;
  boost::json::array input;  // items; a text has become one
  std::string previous_id;   // previous_response_id
  bool store = true;
  bool stream = false;
  boost::json::object echo;  // the fields that the response object repeats
};

ApiResult<ResponseRequest> parse_response_request(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server::openai
