#include "server/openai/response_request.h"

#include <gtest/gtest.h>

#include "server/openai/response_items.h"

namespace zubr::server::openai {
namespace {

ApiResult<ResponseRequest> parse(const std::string& fields) {
  return parse_response_request(R"({"input":"hi")" + (fields.empty() ? "" : "," + fields) + "}", {});
}

// The field that is wrong.
std::string wrong(const std::string& body) {
  const auto request = parse_response_request(body, {});
  if (request) return "nothing";
  return request.error().param.value_or("");
}

TEST(ResponseRequest, ReadsWhatChatReads) {
  const auto request = *parse(R"("temperature":0,"top_p":0.5,"max_output_tokens":7,"parallel_tool_calls":false,
    "text":{"format":{"type":"json_schema","name":"x","schema":{"type":"object"}}},"reasoning":{"effort":"high"},
    "tools":[{"type":"function","name":"a"},{"type":"function","name":"b","strict":false}],
    "tool_choice":{"type":"function","name":"b"},"metadata":{"a":"b"})");
  EXPECT_EQ(request.generate.sampling.temperature, 0);
  EXPECT_EQ(request.generate.max_tokens, 7);
  EXPECT_EQ(request.generate.json_schema, R"({"type":"object"})");
  EXPECT_TRUE(request.generate.thinking);
  ASSERT_EQ(request.generate.tools.size(), 1u);
  EXPECT_EQ(request.generate.tools[0].name, "b");
  EXPECT_EQ(request.generate.tool_choice, inference::ToolChoice::kRequired);
}

TEST(ResponseRequest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(wrong("{}"), "input");
  EXPECT_EQ(wrong(R"({"input":[]})"), "input");
  EXPECT_EQ(wrong(R"({"input":5})"), "input");
  const auto with = [](const char* field) { return wrong(std::string(R"({"input":"hi",)") + field + "}"); };
  EXPECT_EQ(with(R"("background":true)"), "background");
  EXPECT_EQ(with(R"("conversation":"c")"), "conversation");
  EXPECT_EQ(with(R"("truncation":"auto")"), "truncation");
  EXPECT_EQ(with(R"("top_logprobs":2)"), "top_logprobs");
  EXPECT_EQ(with(R"("tools":[{"type":"web_search"}])"), "tools[0].type");
  EXPECT_EQ(with(R"("tools":[{"type":"function","name":"a b"}])"), "tools[0].name");
  EXPECT_EQ(with(R"("tool_choice":"required")"), "tool_choice");
  EXPECT_EQ(with(R"("text":{"format":{"type":"xml"}})"), "text.format.type");
  EXPECT_EQ(with(R"("text":{"format":{"type":"json_schema"}})"), "text.format.schema");
  EXPECT_EQ(with(R"("store":"yes")"), "store");
}

std::string wrong_item(const char* items) {
  std::vector<inference::Message> messages;
  std::optional<ApiError> error;
  append_items(boost::json::parse(items).as_array(), "input", messages, error);
  return error ? error->param.value_or("") : "nothing";
}

TEST(ResponseItems, NameTheItemThatIsWrong) {
  EXPECT_EQ(wrong_item(R"(["x"])"), "input[0]");
  EXPECT_EQ(wrong_item(R"([{"role":"user","content":"a"},{"role":"king","content":"a"}])"), "input[1].role");
  EXPECT_EQ(wrong_item(R"([{"role":"user"}])"), "input[0].content");
  EXPECT_EQ(wrong_item(R"([{"role":"user","content":[{"type":"input_image"}]}])"), "input[0].content[0].image_url");
  EXPECT_EQ(wrong_item(R"([{"role":"user","content":[{"type":"input_file"}]}])"), "input[0].content[0].type");
  EXPECT_EQ(wrong_item(R"([{"type":"function_call","call_id":"c","name":"a","arguments":"["}])"), "input[0].arguments");
  EXPECT_EQ(wrong_item(R"([{"type":"function_call_output","call_id":"c","output":"x"}])"), "input[0].call_id");
  EXPECT_EQ(wrong_item(R"([{"type":"computer_call"}])"), "input[0].type");
  EXPECT_EQ(wrong_item(R"([{"type":"reasoning","summary":[]}])"), "nothing");
}

}  // namespace
}  // namespace zubr::server::openai
