// The body of POST /v1/embeddings (platform.openai.com/docs/api-reference/embeddings/create).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::openai {

inline constexpr std::size_t kMaxEmbeddingInputs = 2048;

struct EmbeddingRequest {
  std::string model;
  std::vector<std::string> inputs;
  bool one_input = false;
  int dimensions = 0;  // 0 = all
  bool base64 = false;

  // "input" or "input[3]", for messages.
  std::string field_of(std::size_t index) const;
};

ApiResult<EmbeddingRequest> parse_embedding_request(std::string_view body, const ServerLimits& limits);

// The first `dimensions` numbers, brought back to length 1 (Matryoshka embeddings, Kusupati et al. 2022, arXiv
// 2205.13147; other models lose more by it).
std::vector<float> shortened(std::vector<float> values, int dimensions);
// "[0.1,0.2]"
std::string vector_json(const std::vector<float>& values);
// Little-endian float32, as OpenAI sends them, in quotes.
std::string vector_base64(const std::vector<float>& values);

}  // namespace zubr::server::openai
