#include "server/ollama/ollama_request.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "server/ollama/ollama_response.h"

namespace zubr::server::ollama {
namespace {

TEST(OllamaRequest, ReadsEveryOptionThatChangesTheAnswer) {
  const auto request = parse_generate(R"({"model":"m","prompt":"p","options":{"temperature":0.5,"top_k":-1,"top_p":0.1,
      "min_p":0.2,"typical_p":0.3,"repeat_last_n":8,"repeat_penalty":1.5,"presence_penalty":1,"frequency_penalty":2,
      "seed":7,"stop":"x","num_predict":9,"num_ctx":77}})",
                                      ServerLimits{});
  ASSERT_TRUE(request.has_value()) << request.error().message;
  const auto& sampling = request->generate.sampling;
  EXPECT_EQ(sampling.temperature, 0.5);
  EXPECT_EQ(sampling.top_k, 0);
  EXPECT_EQ(sampling.top_p, 0.1);
  EXPECT_EQ(sampling.min_p, 0.2);
  EXPECT_EQ(sampling.typical_p, 0.3);
  EXPECT_EQ(sampling.penalty_window, 8);
  EXPECT_EQ(sampling.repeat_penalty, 1.5);
  EXPECT_EQ(sampling.presence_penalty, 1);
  EXPECT_EQ(sampling.frequency_penalty, 2);
  EXPECT_EQ(sampling.seed, 7u);
  EXPECT_EQ(request->generate.stop, std::vector<std::string>{"x"});
  EXPECT_EQ(request->generate.max_tokens, 9);
  EXPECT_EQ(request->generate.context_tokens, 77);
  EXPECT_TRUE(request->stream);
}

TEST(OllamaRequest, SaysHowLongTheModelStays) {
  const ServerLimits limits;
  const auto keep = [&](const char* value) {
    return parse_chat(fmt::format(R"({{"model":"m","messages":[],"keep_alive":{}}})", value), limits)->keep_alive;
  };
  using std::chrono::milliseconds;
  EXPECT_EQ(keep("\"5m\""), milliseconds(300'000));
  EXPECT_EQ(keep("10"), milliseconds(10'000));
  EXPECT_EQ(keep("0"), milliseconds(0));
  EXPECT_EQ(keep("-1"), milliseconds(-1'000));
  EXPECT_EQ(keep("\"-1m\""), milliseconds(-60'000));
  EXPECT_EQ(keep("null"), std::nullopt);
  EXPECT_FALSE(parse_chat(R"({"model":"m","keep_alive":"soon"})", limits));
  EXPECT_FALSE(parse_embed(R"({"model":"m","keep_alive":[]})", limits));
}

RC_GTEST_PROP(OllamaRequest, SurvivesAnyBytes, (const std::string& bytes)) {
  const ServerLimits limits;
  (void)parse_generate(bytes, limits);
  (void)parse_chat(bytes, limits);
  (void)parse_embed(bytes, limits);
  (void)parse_model(bytes, limits);
}

RC_GTEST_PROP(OllamaRequest, SurvivesEveryChangedByte, (std::uint8_t value)) {
  std::string body = R"({"model":"m","messages":[{"role":"assistant","content":"a","tool_calls":[{"function":)"
                     R"({"name":"f","arguments":{"a":1}}}]}],"tools":[{"type":"function","function":{"name":"f"}}]})";
  body[*rc::gen::inRange<std::size_t>(0, body.size())] = static_cast<char>(value);
  (void)parse_chat(body, ServerLimits{});
}

TEST(OllamaResponse, WritesDatesAndSizesAsOllamaDoes) {
  const auto at = [](std::int64_t micros) {
    return std::chrono::system_clock::time_point(std::chrono::microseconds(micros));
  };
  EXPECT_EQ(date_text(at(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(date_text(at(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(date_text(at(1'767'323'045'678'901)), "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(parameter_size(1'235'814'432), "1.2B");
  EXPECT_EQ(parameter_size(3'600'000), "3.6M");
  EXPECT_EQ(parameter_size(260'000), "260K");
  EXPECT_EQ(parameter_size(0), "");
}

}  // namespace
}  // namespace zubr::server::ollama
