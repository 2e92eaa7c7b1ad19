// Parts of answers that all of OpenAI's endpoints share.
#pragma once

#include <string>
#include <string_view>

#include "inference/generation.h"

namespace zubr::server::openai {

// "stop", "length", "tool_calls".
std::string_view finish_name(const inference::Generation& generation);
std::string usage_json(const inference::Usage& usage);

// Adds up what several generations used; a prompt counts once, however many choices were made of it.
inference::Usage& add_usage(inference::Usage& sum, const inference::Usage& one, bool same_prompt);

inline constexpr std::string_view kDone = "data: [DONE]\n\n";

}  // namespace zubr::server::openai
