#include "server/openai/chat_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <cmath>

namespace zubr::server::openai {
namespace {

using inference::Role;

ApiResult<ChatRequest> parse(std::string_view fields) {
  return parse_chat_request(
      fmt::format(R"({{"messages":[{{"role":"user","content":"hi"}}]{}{}}})", fields.empty() ? "" : ",", fields),
      ServerLimits{});
}

// The field that is wrong, "" when none is.
std::string wrong_field(std::string_view fields) {
  const auto chat = parse(fields);
  return chat ? "" : chat.error().param.value_or("?");
}

TEST(ChatRequest, ReadsEveryField) {
  const auto chat = parse_chat_request(R"({"model":"m","messages":[{"role":"developer","content":"be kind"},
      {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"ż"}],"name":"ala"},
      {"role":"assistant","content":"","tool_calls":[]}],
      "max_tokens":7,"temperature":0,"top_p":0.5,"seed":42,"stop":["x","y"],"n":3,"presence_penalty":1,
      "frequency_penalty":-2,"stream":true,"stream_options":{"include_usage":true},"user":"u",
      "tools":[],"tool_choice":"none",
      "logit_bias":{},"top_k":5,"min_p":0.25,"whatever":{"is":"ignored"},"response_format":{"type":"text"}})",
                                       ServerLimits{});
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  const auto& generate = chat->generate;
  EXPECT_EQ(generate.model, "m");
  ASSERT_EQ(generate.messages.size(), 3u);
  EXPECT_EQ(generate.messages[0].role, Role::kSystem);
  EXPECT_EQ(generate.messages[1].content, "aż");
  EXPECT_EQ(generate.messages[2].role, Role::kAssistant);
  EXPECT_EQ(generate.max_tokens, 7);
  EXPECT_EQ(generate.sampling.temperature, 0);
  EXPECT_EQ(generate.sampling.top_p, 0.5);
  EXPECT_EQ(generate.sampling.seed, 42u);
  EXPECT_EQ(generate.sampling.presence_penalty, 1);
  EXPECT_EQ(generate.sampling.frequency_penalty, -2);
  EXPECT_EQ(generate.sampling.top_k, 5);
  EXPECT_EQ(generate.sampling.min_p, 0.25);
  EXPECT_EQ(generate.stop, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(chat->choices, 3);
  EXPECT_TRUE(chat->stream && chat->include_usage);
}

TEST(ChatRequest, LeavesWhatIsNotSaidToTheModel) {
  const auto chat = parse(R"("temperature":null,"max_tokens":null,"stop":null,"seed":null)");
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->generate.sampling.temperature, inference::SamplingOptions{}.temperature);
  EXPECT_EQ(chat->generate.max_tokens, -1);
  EXPECT_FALSE(chat->generate.sampling.seed.has_value());
  EXPECT_EQ(chat->choices, 1);
}

TEST(ChatRequest, NamesTheFieldOfAWrongTypeOrValue) {
  EXPECT_EQ(wrong_field(R"("model":1)"), "model");
  EXPECT_EQ(wrong_field(R"("temperature":"hot")"), "temperature");
  EXPECT_EQ(wrong_field(R"("temperature":2.1)"), "temperature");
  EXPECT_EQ(wrong_field(R"("top_p":-0.1)"), "top_p");
  EXPECT_EQ(wrong_field(R"("max_tokens":1.5)"), "max_tokens");
  EXPECT_EQ(wrong_field(R"("max_tokens":0)"), "max_tokens");
  EXPECT_EQ(wrong_field(R"("max_tokens":99999999999999999999)"), "max_tokens");
  EXPECT_EQ(wrong_field(R"("max_completion_tokens":"5")"), "max_completion_tokens");
  EXPECT_EQ(wrong_field(R"("seed":1.5)"), "seed");
  EXPECT_EQ(wrong_field(R"("n":0)"), "n");
  EXPECT_EQ(wrong_field(R"("n":17)"), "n");
  EXPECT_EQ(wrong_field(R"("stop":7)"), "stop");
  EXPECT_EQ(wrong_field(R"("stop":[7])"), "stop");
  EXPECT_EQ(wrong_field(R"("stop":"")"), "stop");
  EXPECT_EQ(wrong_field(R"("stream":"yes")"), "stream");
  EXPECT_EQ(wrong_field(R"("stream_options":{"include_usage":true})"), "stream_options");
  EXPECT_EQ(wrong_field(R"("stream":true,"stream_options":{"include_usage":1})"), "stream_options.include_usage");
  EXPECT_EQ(wrong_field(R"("response_format":"json")"), "response_format");
  EXPECT_EQ(wrong_field(R"("response_format":{"type":"xml"})"), "response_format.type");
  EXPECT_EQ(wrong_field(R"("response_format":{"type":"json_schema"})"), "response_format.json_schema");
  EXPECT_EQ(wrong_field(R"("response_format":{"type":"json_schema","json_schema":{"schema":[]}})"),
            "response_format.json_schema.schema");
}

TEST(ChatRequest, NamesTheMessageThatIsWrong) {
  const auto wrong = [](std::string_view messages) {
    const auto chat = parse_chat_request(fmt::format(R"({{"messages":{}}})", messages), ServerLimits{});
    return chat ? "" : chat.error().param.value_or("?");
  };
  EXPECT_EQ(wrong("null"), "messages");
  EXPECT_EQ(wrong("[]"), "messages");
  EXPECT_EQ(wrong("{}"), "messages");
  EXPECT_EQ(wrong("[1]"), "messages[0]");
  EXPECT_EQ(wrong(R"([{"role":"user","content":"a"},{"content":"a"}])"), "messages[1].role");
  EXPECT_EQ(wrong(R"([{"role":"king","content":"a"}])"), "messages[0].role");
  EXPECT_EQ(wrong(R"([{"role":"user"}])"), "messages[0].content");
  EXPECT_EQ(wrong(R"([{"role":"user","content":1}])"), "messages[0].content");
  EXPECT_EQ(wrong(R"([{"role":"user","content":["a"]}])"), "messages[0].content[0]");
  EXPECT_EQ(wrong(R"([{"role":"user","content":[{"type":"text"}]}])"), "messages[0].content[0].text");
  EXPECT_EQ(wrong(R"([{"role":"user","content":[{"type":"image_url","image_url":{}}]}])"),
            "messages[0].content[0].image_url.url");
  EXPECT_EQ(wrong(R"([{"role":"user","content":[{"type":"image_url"}]}])"), "messages[0].content[0].image_url");
  EXPECT_EQ(wrong(R"([{"role":"user","content":[{"type":"video_url"}]}])"), "messages[0].content[0].type");
}

TEST(ChatRequest, KeepsPicturesAndSoundsWhereTheyStand) {
  const auto chat = parse_chat_request(
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"ab"},)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},{"type":"text","text":"c"},)"
      R"({"type":"image_url","image_url":"data:;base64,eA"},{"type":"input_audio","input_audio":{"data":"eQ=="}}]}]})",
      ServerLimits{});
  ASSERT_TRUE(chat) << chat.error().message;
  const auto& message = chat->generate.messages[0];
  EXPECT_EQ(message.content, "abc");
  ASSERT_EQ(message.media.size(), 3u);
  EXPECT_EQ(message.media[0].bytes, "hi");
  EXPECT_EQ(message.media[0].at, 2u);
  EXPECT_EQ(message.media[1].bytes, "x");
  EXPECT_EQ(message.media[1].at, 3u);
  EXPECT_EQ(message.media[2].bytes, "y");
}

TEST(ChatRequest, SaysWhatItDoesNotSupportInsteadOfIgnoringIt) {
  for (const auto& [field, fields] :
       std::initializer_list<std::pair<std::string, std::string>>{{"functions", R"("functions":[{}])"},
                                                                  {"function_call", R"("function_call":{"name":"f"})"},
                                                                  {"modalities", R"("modalities":["text","audio"])"}}) {
    const auto chat = parse(fields);
    ASSERT_FALSE(chat.has_value()) << fields;
    EXPECT_EQ(chat.error().param, field);
    EXPECT_EQ(chat.error().status, 400);
    EXPECT_NE(chat.error().message.find("not supported"), std::string::npos);
  }
}

TEST(ChatRequest, ReadsToolsAndWhatTheySaid) {
  const auto chat = parse_chat_request(R"({"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":null,"tool_calls":[
          {"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"1","content":"b"}],
      "tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,
                                              "parameters":{"type":"object"}}},
               {"type":"function","function":{"name":"g"}}],
      "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
      "logprobs":true,"top_logprobs":2,"logit_bias":{"5":-100,"6":1.5},"reasoning_effort":"low"})",
                                       ServerLimits{});
  ASSERT_TRUE(chat.has_value()) << chat.error().message;
  const auto& generate = chat->generate;
  EXPECT_EQ(generate.messages[1].tool_calls.at(0).name, "f");
  EXPECT_EQ(generate.messages[2].role, Role::kTool);
  EXPECT_EQ(generate.messages[2].tool_call_id, "1");
  ASSERT_EQ(generate.tools.size(), 1u) << "only the one that is asked for";
  EXPECT_EQ(generate.tools[0].name, "f");
  EXPECT_TRUE(generate.tools[0].strict);
  EXPECT_EQ(generate.tool_choice, inference::ToolChoice::kRequired);
  EXPECT_FALSE(generate.parallel_tool_calls);
  EXPECT_EQ(generate.top_logprobs, 2);
  EXPECT_TRUE(generate.thinking);
  ASSERT_EQ(generate.sampling.logit_bias.size(), 2u);
  EXPECT_TRUE(std::isinf(generate.sampling.logit_bias[0].second));
  EXPECT_EQ(generate.sampling.logit_bias[1].second, 1.5f);
}

TEST(ChatRequest, NamesWhatIsWrongAboutTools) {
  EXPECT_EQ(wrong_field(R"("tools":{})"), "tools");
  EXPECT_EQ(wrong_field(R"("tools":[1])"), "tools[0]");
  EXPECT_EQ(wrong_field(R"("tools":[{"type":"web_search"}])"), "tools[0].type");
  EXPECT_EQ(wrong_field(R"("tools":[{"type":"function"}])"), "tools[0].function");
  EXPECT_EQ(wrong_field(R"("tools":[{"function":{"name":"a b"}}])"), "tools[0].function.name");
  EXPECT_EQ(wrong_field(R"("tools":[{"function":{"name":"a","parameters":[]}}])"), "tools[0].function.parameters");
  EXPECT_EQ(wrong_field(R"("tools":[{"function":{"name":"a"}},{"function":{"name":"a"}}])"), "tools[1]");
  EXPECT_EQ(wrong_field(R"("tool_choice":"required")"), "tool_choice");
  EXPECT_EQ(wrong_field(R"("tool_choice":"sometimes")"), "tool_choice");
  EXPECT_EQ(wrong_field(R"("tool_choice":{"function":{"name":"f"}})"), "tool_choice");
  EXPECT_EQ(wrong_field(R"("top_logprobs":2)"), "top_logprobs");
  EXPECT_EQ(wrong_field(R"("logprobs":true,"top_logprobs":21)"), "top_logprobs");
  EXPECT_EQ(wrong_field(R"("logit_bias":{"a":1})"), "logit_bias");
}

TEST(ChatRequest, TurnsAResponseFormatIntoASchema) {
  EXPECT_EQ(parse(R"("response_format":{"type":"json_object"})")->generate.json_schema, R"({"type":"object"})");
  const auto chat = parse(R"("response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,
      "schema":{"type":"object","properties":{"b":{"type":"string"},"a":{"const":"ż"}},"required":["b"]}}})");
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->generate.json_schema,
            R"({"type":"object","properties":{"b":{"type":"string"},"a":{"const":"ż"}},"required":["b"]})")
      << "in the order that was given: models answer in it";
}

TEST(ChatRequest, FoldsALargeSeedAndKeepsASmallOne) {
  EXPECT_EQ(parse(R"("seed":4294967295)")->generate.sampling.seed, 4294967295u);
  EXPECT_EQ(parse(R"("seed":4294967296)")->generate.sampling.seed, 1u);
  EXPECT_TRUE(parse(R"("seed":-1)").has_value());
}

RC_GTEST_PROP(ChatRequest, SurvivesAnyBytes, (const std::string& bytes)) {
  (void)parse_chat_request(bytes, ServerLimits{});
  (void)parse(bytes);
}

TEST(ChatRequest, NamesAdapters) {
  const auto with = [](const std::string& lora) {
    return parse_chat_request(R"({"messages":[{"role":"user","content":"hi"}],"lora":)" + lora + "}", ServerLimits{});
  };
  const auto request = with(R"([{"name":"polite"},{"name":"legal","scale":-0.5}])");
  ASSERT_TRUE(request) << request.error().message;
  ASSERT_EQ(request->generate.adapters.size(), 2u);
  EXPECT_EQ(request->generate.adapters[0].name, "polite");
  EXPECT_EQ(request->generate.adapters[0].scale, 1);
  EXPECT_EQ(request->generate.adapters[1].scale, -0.5);
  for (const char* bad : {R"([{}])", R"([{"name":"a","scale":"x"}])", R"([{"name":"a","scale":1000}])", "[1]", "{}"})
    EXPECT_EQ(with(bad).error().status, 400) << bad;
  std::string many = "[";
  for (int i = 0; i < 17; ++i) many += (i == 0 ? "" : ",") + std::string(R"({"name":"a"})");
  EXPECT_EQ(with(many + "]").error().status, 400);
}

RC_GTEST_PROP(ChatRequest, SurvivesEveryPrefixAndEveryChangedByte, (std::uint8_t value)) {
  std::string body =
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"a\u017c"}]}],"n":2,"stop":["a"],"seed":1e3})";
  const auto at = *rc::gen::inRange<std::size_t>(0, body.size());
  RC_ASSERT(!parse_chat_request(body.substr(0, at), ServerLimits{}).has_value());
  body[at] = static_cast<char>(value);
  (void)parse_chat_request(body, ServerLimits{});
}

}  // namespace
}  // namespace zubr::server::openai
