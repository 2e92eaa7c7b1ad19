#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "providers/testing/fake_upstream.h"

namespace zubr::providers {
namespace {

using namespace testing;  // NOLINT
using inference::Role;
namespace json = boost::json;

TEST(Gemini, SpeaksGenerateContent) {
  FaultServer server([](const Received&) {
    return stream_reply(sse({R"({"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Cze"}],)"
                             R"("role":"model"}}],"modelVersion":"g-1"})",
                             R"({"candidates":[{"content":{"parts":[{"text":"ść"},{"functionCall":{"name":"f",)"
                             R"("args":{"a":2}}}]},"finishReason":"STOP"}],)"
                             R"("usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3,"thoughtsTokenCount":2,)"
                             R"("cachedContentTokenCount":4}})"}));
  });
  inference::GenerateRequest request;
  request.messages = {{Role::kSystem, "be kind"}, {Role::kUser, "a"}};
  request.messages.push_back({.role = Role::kAssistant, .content = "", .tool_calls = {{"t0", "f", R"({"q":1})"}}});
  request.messages.push_back({.role = Role::kTool, .content = "42", .tool_call_id = "t0"});
  request.tools = {{"f", "does", R"({"type":"object"})", false}};
  request.json_schema = R"({"type":"object"})";
  request.max_tokens = 5;
  request.sampling.seed = 3;
  const auto answer =
      upstream_at(provider_at(server, Dialect::kGemini)).generate("../g/x", "k-0123456789", request, {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->generation.text, "Cześć");
  EXPECT_EQ(answer->generation.thoughts, "hm");
  ASSERT_EQ(answer->generation.tool_calls.size(), 1u);
  EXPECT_EQ(answer->generation.tool_calls[0].arguments, R"({"a":2})");
  EXPECT_EQ(answer->generation.usage.prompt_tokens, 7);
  EXPECT_EQ(answer->generation.usage.cached_prompt_tokens, 4);
  EXPECT_EQ(answer->generation.usage.completion_tokens, 5);
  const Received sent = server.requests().at(0);
  EXPECT_EQ(sent.target, "/v1/models/..%2Fg%2Fx:streamGenerateContent?alt=sse") << "a name stays a name";
  EXPECT_EQ(sent.headers.get("x-goog-api-key"), "k-0123456789");
  EXPECT_EQ(json::parse(sent.body), json::parse(R"({"systemInstruction":{"parts":[{"text":"be kind"}]},
    "contents":[{"role":"user","parts":[{"text":"a"}]},
      {"role":"model","parts":[{"functionCall":{"name":"f","args":{"q":1}}}]},
      {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"42"}}}]}],
    "tools":[{"functionDeclarations":[{"name":"f","description":"does","parametersJsonSchema":{"type":"object"}}]}],
    "toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},
    "generationConfig":{"maxOutputTokens":5,"seed":3,"responseMimeType":"application/json",
      "responseJsonSchema":{"type":"object"}}})"));
}

TEST(Gemini, EveryEndAndEveryErrorIsItself) {
  const auto fault_of = [](const std::string& body, int status = 200) {
    FaultServer server([&](const Received&) { return status == 200 ? stream_reply(body) : json_reply(body, status); });
    const auto answer = upstream_at(provider_at(server, Dialect::kGemini)).generate("m", "", user_says("hi"), {}, {});
    return answer ? std::optional<Fault>() : answer.error().fault;
  };
  EXPECT_EQ(fault_of(sse({R"({"candidates":[{"content":{"parts":[{"text":"x"}]}}]})"})), Fault::kCut);
  EXPECT_EQ(fault_of(sse({R"({"candidates":[{"finishReason":"SAFETY"}]})"})), Fault::kContentFiltered);
  EXPECT_EQ(fault_of(sse({R"({"promptFeedback":{"blockReason":"OTHER"}})"})), Fault::kContentFiltered);
  EXPECT_EQ(fault_of(sse({R"({"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]})"})), Fault::kServerError);
  EXPECT_EQ(fault_of(sse({R"({"hello":1})"})), Fault::kNotUnderstood);
  EXPECT_EQ(fault_of(sse({R"({"error":{"code":503,"status":"UNAVAILABLE"}})"})), Fault::kOverloaded);
  EXPECT_EQ(fault_of(R"([{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"q"}}])", 429),
            Fault::kRateLimited);
}

TEST(Gemini, MakesVectors) {
  FaultServer server(
      [](const Received&) { return json_reply(R"({"embeddings":[{"values":[3,4]},{"values":[0,1]}]})"); });
  const auto embedded =
      upstream_at(provider_at(server, Dialect::kGemini)).embed("e", "", {.model = {}, .texts = {"a", "b"}}, {});
  ASSERT_TRUE(embedded) << embedded.error().message;
  EXPECT_FLOAT_EQ(embedded->vectors[0].values[1], 0.8f);
  EXPECT_FALSE(embedded->usage_known) << "it does not say what it counted";
}

}  // namespace
}  // namespace zubr::providers
