// The body of POST /api/create (github.com/ollama/ollama/blob/main/docs/api.md, "Create a Model"): a model from another
// one, or from blobs that were uploaded before, with what a Modelfile would say of it.
#pragma once

#include <string_view>

#include "server/api_error.h"
#include "server/model_shelf.h"
#include "server/server.h"

namespace zubr::server::ollama {

struct CreateRequest {
  ShelfRecipe recipe;
  bool stream = true;
};

// 400 for `quantize` (zubr quantize does it), for files that are no GGUF, and without `from` and `files`.
ApiResult<CreateRequest> parse_create(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server::ollama
