// The bodies of OpenAI's chat completions, completions and embeddings. Only for open_ai.cc.
#pragma once

#include "providers/wire/dialect.h"

namespace zubr::providers {

UpstreamResult<WireRequest> open_ai_chat(const Provider& provider, const std::string& model,
                                         const inference::GenerateRequest& request);
UpstreamResult<WireRequest> open_ai_completion(const Provider& provider, const std::string& model,
                                               const inference::GenerateRequest& request);

}  // namespace zubr::providers
