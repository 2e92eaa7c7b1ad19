#include "server/openai/usage_json.h"

#include <fmt/format.h>

namespace zubr::server::openai {

std::string_view finish_name(const inference::Generation& generation) {
  if (generation.finish == inference::FinishReason::kLength) return "length";
  return generation.tool_calls.empty() ? "stop" : "tool_calls";
}

std::string usage_json(const inference::Usage& usage) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{},)"
                     R"("prompt_tokens_details":{{"cached_tokens":{}}}}})",
                     usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens,
                     usage.cached_prompt_tokens);
}

inference::Usage& add_usage(inference::Usage& sum, const inference::Usage& one, bool same_prompt) {
  sum.completion_tokens += one.completion_tokens;
  if (same_prompt) return sum;
  sum.prompt_tokens += one.prompt_tokens;
  sum.cached_prompt_tokens += one.cached_prompt_tokens;
  return sum;
}

}  // namespace zubr::server::openai
