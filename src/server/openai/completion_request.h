// The body of POST /v1/completions (platform.openai.com/docs/api-reference/completions/create), read as strictly as
// that of a chat completion.
#pragma once

#include <string_view>
#include <vector>

#include "inference/generation.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::openai {

inline constexpr std::size_t kMaxPrompts = 128;

struct CompletionRequest {
  inference::GenerateRequest generate;  // without a prompt
  struct Prompt {
    std::optional<std::string> text;
    std::vector<std::int32_t> tokens;  // where there is no text
  };
  std::vector<Prompt> prompts;
  int choices = 1;  // of each prompt
  bool echo = false;
  bool stream = false;
  bool include_usage = false;
};

ApiResult<CompletionRequest> parse_completion_request(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server::openai
