// Messages and tools of POST /api/chat.
#pragma once

#include <optional>
#include <vector>

#include "inference/generation.h"
#include "server/json/json_fields.h"

namespace zubr::server::ollama {

// An empty list is fine: it asks for the model to be loaded.
void read_messages(JsonFields& fields, std::vector<inference::Message>& messages, std::optional<ApiError>& error);
void read_tools(JsonFields& fields, std::vector<inference::Tool>& tools, std::optional<ApiError>& error);

}  // namespace zubr::server::ollama
