#include "providers/upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <cmath>

#include "providers/provider_backend.h"
#include "providers/testing/fake_upstream.h"

namespace zubr::providers {
namespace {

using namespace testing;  // NOLINT
using inference::GenerateRequest;
using inference::Role;
namespace json = boost::json;

constexpr const char* kKey = "sk-test-0123456789abcdef";

json::object body_of(const FaultServer& server) { return json::parse(server.requests().back().body).as_object(); }

TEST(Upstream, StreamsAnAnswerPieceByPieceAndCountsIt) {
  FaultServer server([](const Received&) { return stream_reply(hello_stream()); });
  std::vector<std::string> pieces;
  const auto answer = upstream_at(provider_at(server))
                          .generate("m", kKey, user_says("hi"),
                                    [&](const inference::Event& event) {
                                      if (const auto* text = std::get_if<inference::TextDelta>(&event))
                                        pieces.push_back(text->text);
                                    },
                                    {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(pieces, (std::vector<std::string>{"Hello, ", "świat"}));
  EXPECT_EQ(answer->generation.text, "Hello, świat");
  EXPECT_EQ(answer->generation.finish, inference::FinishReason::kStop);
  EXPECT_TRUE(answer->usage_known);
  EXPECT_EQ(answer->generation.usage.prompt_tokens, 11);
  EXPECT_EQ(answer->generation.usage.cached_prompt_tokens, 3);
  EXPECT_EQ(answer->generation.usage.completion_tokens, 4);
  EXPECT_EQ(answer->reasoning_tokens, 1);
  EXPECT_EQ(answer->served_model, "m-1");
  const Received request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v1/chat/completions");
  EXPECT_EQ(request.headers.get("authorization"), std::string("Bearer ") + kKey);
}

TEST(Upstream, AsksForEverythingThatTheRequestWants) {
  FaultServer server([](const Received&) { return stream_reply(hello_stream()); });
  Provider provider = provider_at(server);
  provider.max_tokens_field = "max_completion_tokens";
  GenerateRequest request;
  request.messages = {{Role::kSystem, "be brief"}, {Role::kUser, "weather?"}};
  request.messages.push_back({.role = Role::kAssistant, .content = "", .tool_calls = {{"c1", "w", R"({"a":1})"}}});
  request.messages.push_back({.role = Role::kTool, .content = "sun", .tool_call_id = "c1"});
  request.max_tokens = 7;
  request.stop = {"END"};
  request.sampling.temperature = 0;
  request.sampling.top_k = 5;
  request.sampling.seed = 42;
  request.json_schema = R"({"type":"object"})";
  request.tools = {{"w", "the weather", R"({"type":"object","properties":{"a":{"type":"integer"}}})", true}};
  request.tool_choice = inference::ToolChoice::kRequired;
  request.parallel_tool_calls = false;
  request.top_logprobs = 2;
  ASSERT_TRUE(upstream_at(provider).generate("vendor/m", "", request, {}, {}));
  const json::object body = body_of(server);
  const json::value expected = json::parse(R"({
    "model":"vendor/m","stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":7,"stop":["END"],
    "temperature":0,"top_k":5,"seed":42,
    "messages":[{"role":"system","content":"be brief"},{"role":"user","content":"weather?"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
        "function":{"name":"w","arguments":"{\"a\":1}"}}]},
      {"role":"tool","content":"sun","tool_call_id":"c1"}],
    "tools":[{"type":"function","function":{"name":"w","description":"the weather",
      "parameters":{"type":"object","properties":{"a":{"type":"integer"}}},"strict":true}}],
    "tool_choice":"required","parallel_tool_calls":false,
    "response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}},
    "logprobs":true,"top_logprobs":2})");
  for (const auto& [key, value] : expected.as_object())
    EXPECT_EQ(key == "temperature" ? json::value(body.at(key).to_number<double>() == 0 ? 0 : 1) : body.at(key), value)
        << std::string_view(key);
  EXPECT_EQ(body.size(), expected.as_object().size());
  EXPECT_FALSE(server.requests().back().headers.find("authorization")) << "no key, no header";
}

TEST(Upstream, SendsNoSamplingThatNobodyAskedFor) {
  FaultServer server([](const Received&) { return stream_reply(hello_stream()); });
  ASSERT_TRUE(upstream_at(provider_at(server)).generate("m", "", user_says("hi"), {}, {}));
  for (const char* name : {"temperature", "top_p", "top_k", "min_p", "seed", "stop", "max_tokens", "tools"})
    EXPECT_FALSE(body_of(server).contains(name)) << name;
}

TEST(Upstream, GivesToolCallsThoughtsAndLogprobs) {
  FaultServer server([](const Received&) {
    return stream_reply(
        sse({R"({"choices":[{"delta":{"reasoning_content":"hmm"}}]})",
             R"({"choices":[{"delta":{"content":"ok"},"logprobs":{"content":[{"token":"ok","logprob":-0.5,)"
             R"("bytes":[111,107],)"
             R"("top_logprobs":[{"token":"no","logprob":-1}]}]}}]})",
             R"({"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}}]})",
             R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}}]})",
             R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}},)"
             R"({"index":1,"function":{"name":"g","arguments":"{}"}}]}}]})",
             R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})", "[DONE]"}));
  });
  int deltas = 0;
  const auto answer = upstream_at(provider_at(server))
                          .generate("m", "", user_says("hi"),
                                    [&](const inference::Event& event) {
                                      if (std::holds_alternative<inference::ToolCallDelta>(event)) ++deltas;
                                    },
                                    {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->generation.thoughts, "hmm");
  EXPECT_EQ(deltas, 4);
  ASSERT_EQ(answer->generation.tool_calls.size(), 2u);
  EXPECT_EQ(answer->generation.tool_calls[0].arguments, R"({"x":1})");
  EXPECT_EQ(answer->generation.tool_calls[1].name, "g");
  EXPECT_FALSE(answer->generation.tool_calls[1].id.empty());
  ASSERT_EQ(answer->generation.logprobs.size(), 1u);
  EXPECT_EQ(answer->generation.logprobs[0].bytes, "ok");
  EXPECT_FLOAT_EQ(answer->generation.logprobs[0].top.at(0).log_prob, -1);
  EXPECT_FALSE(answer->usage_known) << "nobody said what it cost";
}

TEST(Upstream, TakesAWholeAnswerWhereAStreamWasAskedFor) {
  FaultServer server([](const Received&) {
    return json_reply(R"({"model":"m","choices":[{"message":{"content":"all at once"},"finish_reason":"length"}],)"
                      R"("usage":{"prompt_tokens":1,"completion_tokens":2,"cost":0.0000125}})");
  });
  const auto answer = upstream_at(provider_at(server)).generate("m", "", user_says("hi"), {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->generation.text, "all at once");
  EXPECT_EQ(answer->generation.finish, inference::FinishReason::kLength);
  EXPECT_EQ(answer->billed, core::PicoDollars{12'500'000});
}

TEST(Upstream, ContinuesARawPrompt) {
  FaultServer server([](const Received&) {
    return stream_reply(sse(
        {R"({"choices":[{"text":"once"}]})", R"({"choices":[{"text":" upon","finish_reason":"stop"}]})", "[DONE]"}));
  });
  GenerateRequest request;
  request.raw_prompt = "Tell:";
  const auto answer = upstream_at(provider_at(server)).generate("m", "", request, {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->generation.text, "once upon");
  EXPECT_EQ(server.requests().at(0).target, "/v1/completions");
  EXPECT_EQ(body_of(server).at("prompt"), "Tell:");
}

TEST(Upstream, RefusesWhatTheProviderCannotDoWithoutSendingAnything) {
  FaultServer server([](const Received&) { return stream_reply(hello_stream()); });
  Provider provider = provider_at(server);
  provider.features = kChat;
  provider.limits.max_stops = 1;
  const Upstream upstream = upstream_at(provider);
  std::vector<GenerateRequest> requests(6, user_says("hi"));
  requests[5].messages[0].media.push_back({.bytes = "png", .at = 0});
  requests[0].json_schema = "{}";
  requests[1].tools = {{"f", "", "", false}};
  requests[2].raw_prompt = "x";
  requests[3].stop = {"a", "b"};
  requests[4].adapters = {{"mine", 1}};
  for (const GenerateRequest& request : requests) {
    const auto answer = upstream.generate("m", kKey, request, {}, {});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::kUnsupported);
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(Upstream, MakesVectorsInOrderWhateverTheirOrderInTheAnswer) {
  FaultServer server([](const Received& request) {
    const std::size_t texts = json::parse(request.body).at("input").as_array().size();
    json::array data;
    for (std::size_t i = texts; i-- > 0;)
      data.push_back(json::object{{"index", i}, {"embedding", json::array{3.0 * (static_cast<double>(i) + 1), 4.0}}});
    return json_reply(json::serialize(json::object{{"data", data}, {"usage", json::object{{"prompt_tokens", 5}}}}));
  });
  Provider provider = provider_at(server);
  provider.limits.embed_texts = 2;
  const auto embedded = upstream_at(provider).embed("e", "", {.model = {}, .texts = {"a", "b", "c"}}, {});
  ASSERT_TRUE(embedded) << embedded.error().message;
  ASSERT_EQ(embedded->vectors.size(), 3u);
  EXPECT_EQ(server.requests().size(), 2u) << "two texts a request";
  EXPECT_EQ(embedded->prompt_tokens, 10);
  EXPECT_FLOAT_EQ(embedded->vectors[0].values[0], 0.6f);
  EXPECT_FLOAT_EQ(embedded->vectors[1].values[0], static_cast<float>(6 / std::sqrt(52.0)));
}

TEST(Upstream, RefusesVectorsThatAreNone) {
  for (const std::string body :
       {R"({"data":[]})", R"({"data":[{"index":0,"embedding":[]}]})", R"({"data":[{"index":1,"embedding":[1]}]})",
        R"({"data":[{"index":0,"embedding":["x"]}]})", R"({"data":[7]})", R"({})", "x"}) {
    FaultServer server([&](const Received&) { return json_reply(body); });
    const auto embedded = upstream_at(provider_at(server)).embed("e", "", {.model = {}, .texts = {"a"}}, {});
    ASSERT_FALSE(embedded) << body;
    EXPECT_EQ(embedded.error().fault, Fault::kNotUnderstood) << body;
  }
}

TEST(Upstream, ListsModels) {
  for (const std::string body : {R"({"data":[{"id":"b"},{"id":"a"},{"nothing":1}]})", R"([{"id":"b"},{"id":"a"}])"}) {
    FaultServer server([&](const Received&) { return json_reply(body); });
    const auto models = upstream_at(provider_at(server)).models(kKey, {});
    ASSERT_TRUE(models) << models.error().message;
    EXPECT_EQ(*models, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(server.requests().at(0).method, "GET");
  }
}

TEST(ProviderBackend, IsAModelThatGeneratesAndSaysWhatItCannot) {
  FaultServer server([](const Received&) { return stream_reply(hello_stream()); });
  const auto upstream = std::make_shared<Upstream>(
      provider_at(server), std::make_shared<net::HttpClient>(net::HttpOptions{.proxy = "none"}));
  ProviderBackend backend(upstream, "m", kKey);
  EXPECT_EQ(backend.info().name, "fake/m");
  const auto answer = backend.generate(user_says("hi"), {}, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "Hello, świat");
  EXPECT_EQ(backend.open_labels({}, {}).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(backend.tokenize({}).error().code(), ErrorCode::kUnsupported);
}

TEST(KeysOf, TakesSeveralFromOneVariable) {
  const Provider provider{.name = "p", .key_variable = "K"};
  const auto keys = [&](const std::string& value) {
    return keys_of(provider, [&](const std::string&) { return std::optional(value); });
  };
  EXPECT_EQ(keys(" a, b ,,c"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(keys("").empty());
}

}  // namespace
}  // namespace zubr::providers
