// Bodies of Ollama's API (github.com/ollama/ollama/blob/main/docs/api.md). A field of the wrong type is a 400; fields
// and options that are not known are ignored, as Ollama does. Nothing is ever cut, so `truncate` and `shift` change
// nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/generation.h"
#include "inference/model_host.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server::ollama {

struct GenerateRequest {
  inference::GenerateRequest generate;  // of /api/generate: without a prompt; of /api/chat: with its messages
  std::string prompt;
  std::string system;
  std::vector<inference::Media> media = {};  // of /api/generate
  std::vector<std::int32_t> context;  // tokens of the conversation so far
  bool raw = false;
  bool stream = true;
  bool thinking_wanted = false;                              // "think" is set and not false
  std::optional<std::chrono::milliseconds> keep_alive = {};  // as ModelWish has it

  // A larger context than the model is loaded with has it loaded again.
  inference::ModelWish wish() const {
    return {.name = generate.model, .context_tokens = generate.context_tokens, .keep_alive = keep_alive};
  }
  bool unloads() const { return keep_alive == std::chrono::milliseconds(0); }
};

ApiResult<GenerateRequest> parse_generate(std::string_view body, const ServerLimits& limits);
ApiResult<GenerateRequest> parse_chat(std::string_view body, const ServerLimits& limits);

struct EmbedRequest {
  std::string model;
  std::vector<std::string> inputs;
  int dimensions = 0;
  std::optional<std::chrono::milliseconds> keep_alive = {};
};
ApiResult<EmbedRequest> parse_embed(std::string_view body, const ServerLimits& limits);
// The older form: one text in "prompt".
ApiResult<EmbedRequest> parse_embeddings(std::string_view body, const ServerLimits& limits);

// The model of a body that names one and little else: "model", or as it was called before "name".
struct ModelRequest {
  std::string model;
  std::string source, destination;  // of /api/copy
  bool stream = true;
  bool verbose = false;
};
ApiResult<ModelRequest> parse_model(std::string_view body, const ServerLimits& limits);
// Of /api/push: `destination` is "to", or the model itself where that is left out.
ApiResult<ModelRequest> parse_push(std::string_view body, const ServerLimits& limits);
ApiResult<ModelRequest> parse_copy(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server::ollama
