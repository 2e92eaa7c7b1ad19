#include "server/ollama/ollama_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "server/json_text.h"

namespace zubr::server::ollama {

std::string date_text(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  constexpr std::int64_t kMicros = 1'000'000;
  std::int64_t micros = since % kMicros;
  if (micros < 0) micros += kMicros;
  const auto seconds = static_cast<std::time_t>((since - micros) / kMicros);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, micros);
}

std::string parameter_size(std::int64_t parameters) {
  constexpr std::int64_t kThousand = 1'000, kMillion = 1'000'000, kBillion = 1'000'000'000;
  const auto count = static_cast<double>(parameters);
  if (parameters >= kBillion) return fmt::format("{:.1f}B", count / kBillion);
  if (parameters >= kMillion) return fmt::format("{:.1f}M", count / kMillion);
  if (parameters >= kThousand) return fmt::format("{:.0f}K", count / kThousand);
  return parameters > 0 ? fmt::to_string(parameters) : "";
}

std::string details_json(std::string_view architecture, std::int64_t parameters, std::string_view quantization) {
  const std::string family = json_text(architecture);
  return fmt::format(R"({{"parent_model":"","format":"gguf","family":{},"families":[{}],"parameter_size":{},)"
                     R"("quantization_level":{}}})",
                     family, architecture.empty() ? "" : family, json_text(parameter_size(parameters)),
                     json_text(quantization));
}

std::string tool_calls_json(const std::vector<inference::ToolCall>& calls) {
  std::string list;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    list += fmt::format(R"({}{{"id":{},"function":{{"index":{},"name":{},"arguments":{}}}}})", i == 0 ? "" : ",",
                        json_text(calls[i].id), i, json_text(calls[i].name),
                        calls[i].arguments.empty() ? "{}" : calls[i].arguments);
  }
  return '[' + list + ']';
}

namespace {

std::string probability_fields(const inference::TokenProbability& token) {
  std::vector<int> bytes;
  for (const char byte : token.bytes) bytes.push_back(static_cast<unsigned char>(byte));
  return fmt::format(R"("token":{},"logprob":{},"bytes":[{}])", json_text(token.bytes), token.log_prob,
                     fmt::join(bytes, ","));
}

}  // namespace

std::string logprobs_field(const std::vector<inference::TokenLogprobs>& logprobs) {
  if (logprobs.empty()) return "";
  std::string list;
  for (const auto& token : logprobs) {
    std::string top;
    for (const auto& one : token.top) top += fmt::format("{}{{{}}}", top.empty() ? "" : ",", probability_fields(one));
    list += fmt::format("{}{{{}{}}}", list.empty() ? "" : ",", probability_fields(token),
                        top.empty() ? "" : fmt::format(R"(,"top_logprobs":[{}])", top));
  }
  return fmt::format(R"(,"logprobs":[{}])", list);
}

std::string metrics_fields(const inference::Generation& generation, std::chrono::nanoseconds total,
                           std::chrono::nanoseconds load) {
  const auto& usage = generation.usage;
  return fmt::format(R"("done_reason":"{}","total_duration":{},"load_duration":{},"prompt_eval_count":{},)"
                     R"("prompt_eval_duration":{},"eval_count":{},"eval_duration":{})",
                     generation.finish == inference::FinishReason::kLength ? "length" : "stop", total.count(),
                     load.count(), usage.prompt_tokens, generation.prompt_time.count(), usage.completion_tokens,
                     generation.completion_time.count());
}

}  // namespace zubr::server::ollama
