#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "providers/testing/fake_upstream.h"

namespace zubr::providers {
namespace {

using namespace testing;  // NOLINT
using inference::Role;
namespace json = boost::json;

std::string events(std::initializer_list<std::string_view> all) {
  std::string body;
  for (const std::string_view data : all)
    body += "event: " + std::string(json::parse({data.data(), data.size()}).at("type").as_string()) +
            "\ndata: " + std::string(data) + "\n\n";
  return body;
}

TEST(Anthropic, SpeaksMessages) {
  FaultServer server([](const Received&) {
    return stream_reply(events(
        {R"({"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":10,)"
         R"("cache_read_input_tokens":5,)"
         R"("cache_creation_input_tokens":2,"output_tokens":1}}})",
         R"({"type":"ping"})",
         R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}})",
         R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
         R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Cześć"}})",
         R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"f",)"
         R"("input":{}}})",
         R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})",
         R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"2}"}})",
         R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},)"
         R"("usage":{"output_tokens":9}})",
         R"({"type":"message_stop"})"}));
  });
  inference::GenerateRequest request;
  request.messages = {{Role::kSystem, "be kind"}, {Role::kUser, "a"}, {Role::kUser, "b"}};
  request.messages.push_back({.role = Role::kAssistant, .content = "c", .tool_calls = {{"t0", "f", R"({"q":1})"}}});
  request.messages.push_back({.role = Role::kTool, .content = "42", .tool_call_id = "t0"});
  request.tools = {{"f", "does", R"({"type":"object"})", false}};
  request.stop = {"END"};
  const auto answer =
      upstream_at(provider_at(server, Dialect::kAnthropic)).generate("claude", "k-0123456789", request, {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->generation.text, "Cześć");
  EXPECT_EQ(answer->generation.thoughts, "hm");
  ASSERT_EQ(answer->generation.tool_calls.size(), 1u);
  EXPECT_EQ(answer->generation.tool_calls[0].arguments, R"({"a":2})");
  EXPECT_EQ(answer->generation.usage.prompt_tokens, 17);
  EXPECT_EQ(answer->generation.usage.cached_prompt_tokens, 5);
  EXPECT_EQ(answer->cache_write_tokens, 2);
  EXPECT_EQ(answer->generation.usage.completion_tokens, 9);
  const Received sent = server.requests().at(0);
  EXPECT_EQ(sent.target, "/v1/messages");
  EXPECT_EQ(sent.headers.get("x-api-key"), "k-0123456789");
  EXPECT_EQ(sent.headers.get("anthropic-version"), "2023-06-01");
  EXPECT_EQ(json::parse(sent.body), json::parse(R"({"model":"claude","stream":true,"max_tokens":4096,"system":"be kind",
    "messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
      {"role":"assistant","content":[{"type":"text","text":"c"},
        {"type":"tool_use","id":"t0","name":"f","input":{"q":1}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t0","content":"42"}]}],
    "tools":[{"name":"f","input_schema":{"type":"object"},"description":"does"}],"tool_choice":{"type":"auto"},
    "stop_sequences":["END"]})"));
}

TEST(Anthropic, EveryEndAndEveryErrorIsItself) {
  const auto answer_to = [](const std::string& body, bool is_stream) {
    FaultServer server([&](const Received&) { return is_stream ? stream_reply(body) : json_reply(body); });
    return upstream_at(provider_at(server, Dialect::kAnthropic)).generate("m", "", user_says("hi"), {}, {});
  };
  const auto whole = answer_to(R"({"type":"message","content":[{"type":"text","text":"x"}],"stop_reason":"max_tokens",)"
                               R"("usage":{"input_tokens":1,"output_tokens":1}})",
                               false);
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(whole->generation.finish, inference::FinishReason::kLength);
  const auto busy = answer_to(events({R"({"type":"error","error":{"type":"overloaded_error","message":"x"}})"}), true);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().fault, Fault::kOverloaded);
  const auto cut =
      answer_to(events({R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})"}), true);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().fault, Fault::kCut);
  const auto refused = answer_to(events({R"({"type":"message_delta","delta":{"stop_reason":"refusal"}})"}), true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kContentFiltered);
}

}  // namespace
}  // namespace zubr::providers
