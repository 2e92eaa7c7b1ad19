// "tools" and "tool_choice" of a request, as OpenAI and Ollama write them.
#pragma once

#include <optional>
#include <vector>

#include "inference/generation.h"
#include "server/json/json_fields.h"

namespace zubr::server::openai {

inline constexpr std::size_t kMaxTools = 128;

// A name that is allowed: [A-Za-z0-9_-]{1,64}.
bool is_tool_name(std::string_view name);

void read_tools(JsonFields& fields, std::vector<inference::Tool>& tools, std::optional<ApiError>& error);
// "auto", "none", "required", or one function: then the other tools are left out and this one is required.
void read_tool_choice(JsonFields& fields, inference::GenerateRequest& generate, std::optional<ApiError>& error);

}  // namespace zubr::server::openai
