// Answers of Ollama's API: lines of JSON, times in nanoseconds, dates as RFC 3339.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inference/generation.h"
#include "server/endpoints/reply_stream.h"
#include "server/model_shelf.h"

namespace zubr::server::ollama {

inline constexpr ReplyForm kLines{"application/x-ndjson", "", "\n", Dialect::kOllama};

// "2026-01-02T03:04:05.678901Z"
std::string date_text(std::chrono::system_clock::time_point time);

// "1.2B", "3.6M", "260K".
std::string parameter_size(std::int64_t parameters);

// {"parent_model","format","family","families","parameter_size","quantization_level"}
std::string details_json(std::string_view architecture, std::int64_t parameters, std::string_view quantization);

std::string tool_calls_json(const std::vector<inference::ToolCall>& calls);
// `,"logprobs":[…]`, or nothing where there are none.
std::string logprobs_field(const std::vector<inference::TokenLogprobs>& logprobs);
// `"done_reason":"stop","total_duration":…,…,"eval_duration":…`
std::string metrics_fields(const inference::Generation& generation, std::chrono::nanoseconds total,
                           std::chrono::nanoseconds load);

}  // namespace zubr::server::ollama
