// The body of POST /completion as llama-server has it (llama.cpp, tools/server/README.md). Fields that would change the
// answer and are not supported (grammar, lora, image_data …) are a 400; unknown ones are ignored.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "inference/generation.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::llama_server {

// Texts and tokens in a row; one text alone is a prompt of its own.
using PromptPart = std::variant<std::string, std::int32_t>;

struct CompletionRequest {
  inference::GenerateRequest generate;  // without a prompt
  std::vector<std::vector<PromptPart>> prompts;
  bool many = false;  // the answer is an array, one element for each prompt
  bool stream = false;
  bool return_tokens = false;
};

ApiResult<CompletionRequest> parse_completion(std::string_view body, const ServerLimits& limits);

struct TokenizeFields {
  std::string model;
  std::string content;
  bool add_special = false;
  bool parse_special = true;
  bool with_pieces = false;
};
ApiResult<TokenizeFields> parse_tokenize(std::string_view body, const ServerLimits& limits);
struct DetokenizeFields {
  std::string model;
  std::vector<std::int32_t> tokens;
};
ApiResult<DetokenizeFields> parse_detokenize(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server::llama_server
