#include "server/openai/completion_response.h"

#include <fmt/format.h>

#include "server/json_text.h"

namespace zubr::server::openai {
namespace {

// The older form of log-probabilities: four arrays, one element for each token.
std::string logprobs_json(const std::vector<inference::TokenLogprobs>& logprobs, std::size_t text_offset) {
  if (logprobs.empty()) return "null";
  std::string tokens, values, tops, offsets;
  for (const inference::TokenLogprobs& token : logprobs) {
    const std::string_view comma = tokens.empty() ? "" : ",";
    tokens += fmt::format("{}{}", comma, json_text(token.bytes));
    values += fmt::format("{}{}", comma, token.log_prob);
    std::string top;
    for (const inference::TokenProbability& one : token.top)
      top += fmt::format("{}{}:{}", top.empty() ? "" : ",", json_text(one.bytes), one.log_prob);
    tops += fmt::format("{}{{{}}}", comma, top);
    offsets += fmt::format("{}{}", comma, text_offset);
    text_offset += token.bytes.size();
  }
  return fmt::format(R"({{"tokens":[{}],"token_logprobs":[{}],"top_logprobs":[{}],"text_offset":[{}]}})", tokens,
                     values, tops, offsets);
}

}  // namespace

std::string completion_choice(int index, std::string_view text, const std::vector<inference::TokenLogprobs>& logprobs,
                              std::size_t text_offset, std::string_view finish) {
  return fmt::format(R"({{"text":{},"index":{},"logprobs":{},"finish_reason":{}}})", json_text(text), index,
                     logprobs_json(logprobs, text_offset),
                     finish.empty() ? std::string("null") : fmt::format("\"{}\"", finish));
}

std::string completion_body(const CompletionAnswer& answer, std::string_view choices, std::string_view usage) {
  return fmt::format(R"({{"id":"{}","object":"text_completion","created":{},"model":{},"choices":[{}]{}{}}})",
                     answer.id, answer.created, json_text(answer.model), choices,
                     usage.empty() ? "" : ",\"usage\":", usage);
}

}  // namespace zubr::server::openai
