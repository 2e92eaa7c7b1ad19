// The answer of POST /v1/completions: one object, or server-sent events of the same form that end with `data: [DONE]`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inference/generation.h"

namespace zubr::server::openai {

struct CompletionAnswer {
  std::string id;            // "cmpl-…"
  std::int64_t created = 0;  // Unix time in seconds
  std::string model;
};

// One element of "choices". Null without a finish.
std::string completion_choice(int index, std::string_view text, const std::vector<inference::TokenLogprobs>& logprobs,
                              std::size_t text_offset, std::string_view finish);
// `usage`: empty for none, else an object or null.
std::string completion_body(const CompletionAnswer& answer, std::string_view choices, std::string_view usage);

}  // namespace zubr::server::openai
