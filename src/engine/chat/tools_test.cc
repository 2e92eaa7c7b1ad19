// Tools: described and read without a template that knows them, and with one that does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "engine/chat/answer_reader.h"
#include "engine/chat/generic_tools.h"
#include "engine/chat/tool_schema.h"
#include "engine/engine.h"
#include "engine/generate/generator.h"
#include "engine/generate/schema_check.h"
#include "engine/llama/chat_template.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

namespace json = boost::json;
using inference::GenerateRequest;
using inference::Message;
using inference::Role;
using inference::Tool;
using inference::ToolChoice;
using ::testing::HasSubstr;
using ::testing::Not;

Tool weather(bool strict = false) {
  return {.name = "weather",
          .description = "How the weather is.",
          .parameters = R"({"type":"object","properties":{"city":{"type":"string","maxLength":8},)"
                        R"("unit":{"enum":["C","F"]}},"required":["city","unit"]})",
          .strict = strict};
}

TEST(ToolSchema, LeavesOutWhatCannotBeEnforcedUnlessTheToolIsStrict) {
  Tool tool{.name = "f",
            .description = "",
            .parameters = R"({"type":"object","properties":{"n":{"type":"number","minimum":0.5},"s":{"type":"string",)"
                          R"("pattern":"(a+)+"}},"required":["n","lost"],"additionalProperties":false,"not":{}})"};
  const auto loose = enforceable_parameters(tool);
  ASSERT_TRUE(loose) << loose.error().message();
  const json::value schema = json::parse(*loose);
  EXPECT_EQ(schema.at("properties").at("n").at("type"), "number");
  EXPECT_EQ(schema.at("required"), json::parse(R"(["n"])"));
  EXPECT_THAT(*loose, Not(HasSubstr("pattern")));
  tool.strict = true;
  const auto strict = enforceable_parameters(tool);
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(strict.error().message(), HasSubstr("'f'"));
}

TEST(ToolSchema, RefusesWhatIsNoObject) {
  for (const char* parameters : {"[]", "7", "{", R"({"type":"string"})"})
    EXPECT_FALSE(enforceable_parameters({"f", "", parameters})) << parameters;
  for (const char* parameters : {"", "{}", R"({"properties":{}})", R"({"type":"object"})"})
    EXPECT_TRUE(enforceable_parameters({"f", "", parameters})) << parameters;
}

RC_GTEST_PROP(ToolSchema, AnswersAnyBytesWithASchemaOrAnError, (const std::string& bytes)) {
  const auto schema = enforceable_parameters({"f", "", bytes});
  if (schema) RC_ASSERT(check_schema(*schema).has_value());
}

TEST(GenericTools, DescribeThemselvesWhereTheTemplateLetsThem) {
  const std::vector<Message> messages{{Role::kSystem, "Be kind."}, {Role::kUser, "Rain?"}};
  const std::vector<Tool> tools{weather()};
  const auto with_system = describe_tools(messages, tools, ToolChoice::kAuto, true);
  ASSERT_EQ(with_system.size(), 2u);
  EXPECT_THAT(with_system[0].content, HasSubstr("How the weather is."));
  EXPECT_THAT(with_system[0].content, HasSubstr("Be kind."));
  EXPECT_EQ(with_system[1].content, "Rain?");
  const auto without = describe_tools(messages, tools, ToolChoice::kRequired, false);
  EXPECT_THAT(without[1].content, HasSubstr("weather"));
  EXPECT_THAT(without[1].content, Not(HasSubstr("response"))) << "it has to call";
  EXPECT_EQ(describe_tools(messages, tools, ToolChoice::kNone, true)[0].content, "Be kind.");
}

TEST(GenericTools, TurnCallsAndResultsIntoText) {
  const std::vector<Message> messages{{Role::kUser, "Rain?"},
                                      {Role::kAssistant, "", {{"1", "weather", R"({"city":"Łódź"})"}}},
                                      {Role::kTool, "dry", {}, "1", "weather"},
                                      {Role::kTool, "cold", {}, "2"}};
  const auto plain = describe_tools(messages, {}, ToolChoice::kAuto, true);
  ASSERT_EQ(plain.size(), 3u);
  EXPECT_EQ(plain[1].content, R"({"tool_calls":[{"name":"weather","arguments":{"city":"Łódź"}}]})");
  EXPECT_TRUE(plain[1].tool_calls.empty());
  EXPECT_EQ(plain[2].content, "Result of weather: dry\nResult of 2: cold");
  EXPECT_EQ(plain[2].role, Role::kUser);
}

TEST(GenericTools, MakeASchemaThatCanBeEnforced) {
  Tool recursive{.name = "tree",
                 .description = "",
                 .parameters = R"({"type":"object","properties":{"left":{"$ref":"#/$defs/leaf"}},)"
                               R"("$defs":{"leaf":{"type":"object","properties":{"v":{"type":"integer"}}}}})"};
  const std::vector<Tool> tools{weather(true), recursive};
  for (const auto choice : {ToolChoice::kAuto, ToolChoice::kRequired}) {
    const auto schema = generic_answer_schema(tools, choice, false, R"({"type":"object","properties":{}})");
    ASSERT_TRUE(schema) << schema.error().message();
    const auto checked = check_schema(*schema);
    EXPECT_TRUE(checked) << checked.error().message();
  }
}

TEST(GenericTools, ReadAnAnswerWhileItIsWritten) {
  const auto format = generic_format();
  const std::string answer = R"({ "response": "a \"b\" \u017c \ud83d\ude00 ć" })";
  std::string said;
  for (std::size_t end = 0; end <= answer.size(); ++end) {
    const auto now = format->read(answer.substr(0, end), end == answer.size());
    ASSERT_TRUE(now) << end;
    EXPECT_TRUE(now->text.starts_with(said)) << now->text;
    if (now->text.size() > said.size()) said = now->text;
  }
  EXPECT_EQ(said, "a \"b\" ż 😀 ć");
  const auto calls =
      format->read(R"({"tool_calls":[{"name":"f","arguments":{"a":1}},{"name":"g","arguments":{}}]})", true);
  ASSERT_EQ(calls->calls.size(), 2u);
  EXPECT_EQ(calls->calls[0].arguments, R"({"a":1})");
  EXPECT_EQ(format->read(R"({"response":{"x":[1]}})", true)->text, R"({"x":[1]})");
  EXPECT_FALSE(format->read("Hello", true));
}

RC_GTEST_PROP(GenericTools, ReadAnyBytes, (const std::string& bytes, bool whole)) {
  (void)generic_format()->read(bytes, whole);
  (void)generic_format()->read(R"({"response":")" + bytes, whole);
}

class ToolsTest : public testing::Test {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    ModelOptions options;
    options.path = test_model("tinytalk-3m-q4_0.gguf");
    options.threads = 1;
    auto opened = Engine::open(options);
    ASSERT_TRUE(opened) << opened.error().message();
    engine_ = std::move(*opened);
    request_.messages = {{Role::kUser, "Hi"}};
    request_.tools = {{"f", "", R"({"type":"object","properties":{"n":{"enum":[1,2]}},"required":["n"]})"}};
    request_.sampling.temperature = 0;
    request_.max_tokens = 120;
  }

  std::unique_ptr<Engine> engine_;
  GenerateRequest request_;
};

TEST_F(ToolsTest, CallsARequiredToolWithArgumentsOfItsSchema) {
  request_.tool_choice = ToolChoice::kRequired;
  request_.parallel_tool_calls = false;
  std::vector<inference::ToolCallDelta> deltas;
  std::string text;
  const auto answer = engine_->generate(request_,
                                        [&](const inference::Event& event) {
                                          if (const auto* call = std::get_if<inference::ToolCallDelta>(&event))
                                            deltas.push_back(*call);
                                          if (const auto* delta = std::get_if<inference::TextDelta>(&event))
                                            text += delta->text;
                                        },
                                        {});
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(answer->tool_calls.size(), 1u) << answer->usage.prompt_tokens << " " << answer->usage.completion_tokens;
  EXPECT_EQ(answer->tool_calls[0].name, "f");
  EXPECT_FALSE(answer->tool_calls[0].id.empty());
  const auto n = json::parse(answer->tool_calls[0].arguments).at("n").as_int64();
  EXPECT_TRUE(n == 1 || n == 2);
  EXPECT_EQ(answer->text, "");
  EXPECT_EQ(text, "") << "the call is no text";
  ASSERT_EQ(deltas.size(), 1u);
  EXPECT_EQ(deltas[0].id, answer->tool_calls[0].id);
}

TEST_F(ToolsTest, AnswersOrCallsWhereItMayChoose) {
  std::string text;
  const auto answer = engine_->generate(request_,
                                        [&](const inference::Event& event) {
                                          if (const auto* delta = std::get_if<inference::TextDelta>(&event))
                                            text += delta->text;
                                        },
                                        {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(text, answer->text);
  EXPECT_THAT(answer->text, Not(HasSubstr("\"response\"")));
}

TEST_F(ToolsTest, SeesNoToolsWhereItMayNotUseThem) {
  request_.tool_choice = ToolChoice::kNone;
  GenerateRequest plain = request_;
  plain.tools.clear();
  EXPECT_EQ(engine_->generate(request_, {}, {})->text, engine_->generate(plain, {}, {})->text);
}

TEST_F(ToolsTest, RefusesAStrictToolThatCannotBeEnforcedBeforeAnyToken) {
  request_.tools[0].parameters = R"({"type":"object","properties":{"n":{"type":"number","multipleOf":3}}})";
  request_.tools[0].strict = true;
  const auto refused = engine_->generate(request_, [](const inference::Event&) { FAIL(); }, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
}

// Templates as they are in llama.cpp's source, where tools/setup.sh put that.
class TemplateToolsTest : public testing::TestWithParam<const char*> {};

TEST_P(TemplateToolsTest, AreRenderedHeldToAndRead) {
  ZUBR_NEED_TEST_DATA();
  const auto file = std::filesystem::path("third_party/build/llama.cpp/models/templates") / GetParam();
  std::ifstream in(file);
  if (!in) GTEST_SKIP() << file << " is not here; run tools/setup.sh";
  const std::string source{std::istreambuf_iterator<char>(in), {}};
  const auto model = load_test_model("tinytalk-3m-q4_0.gguf", 1);
  ASSERT_TRUE(model);
  const auto chat = ChatTemplate::create(model, source);
  ASSERT_TRUE(chat) << chat.error().message();
  ASSERT_TRUE((*chat)->has_tools());
  GenerateRequest request;
  request.tools = {{"f", "Does it.", R"({"type":"object","properties":{"n":{"enum":[1,2]}},"required":["n"]})"}};
  request.tool_choice = ToolChoice::kRequired;
  request.parallel_tool_calls = false;
  request.messages = {{Role::kUser, "Hi <|im_end|>"},
                      {Role::kAssistant, "", {{"abcdefghi", "f", R"({"n":2})"}}},
                      {Role::kTool, "done", {}, "abcdefghi", "f"}};
  const auto plan = (*chat)->plan(request);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_THAT(plan->prompt.text(), HasSubstr("Does it."));
  EXPECT_THAT(plan->prompt.text(), HasSubstr("done"));
  ASSERT_NE(plan->grammar.text, "");
  ASSERT_NE(plan->format, nullptr);

  // The model cannot take so long a prompt, but it can be held to the grammar after a short one.
  Generator generator(model, {.parallel = 1});
  GenerateRequest held;
  held.sampling.temperature = 0;
  held.max_tokens = 200;
  const auto short_prompt = model->tokenizer().tokenize("Hi", {});
  std::vector<inference::ToolCallDelta> deltas;
  const inference::EventSink sink = [&](const inference::Event& event) {
    if (const auto* call = std::get_if<inference::ToolCallDelta>(&event)) deltas.push_back(*call);
  };
  AnswerReader reader(plan->format, sink);
  auto answer = generator.generate(
      *short_prompt, held, [&](const inference::Event& event) { reader.push(event); }, {}, plan->grammar);
  ASSERT_TRUE(answer) << answer.error().message();
  const std::string written = answer->text;
  const auto finished = reader.finish(*answer, true);
  ASSERT_TRUE(finished) << finished.error().message() << ": " << written;
  if (answer->finish == inference::FinishReason::kLength) return;  // it may dawdle in blanks
  ASSERT_EQ(answer->tool_calls.size(), 1u) << written;
  EXPECT_EQ(answer->tool_calls[0].name, "f");
  const auto n = json::parse(answer->tool_calls[0].arguments).at("n").as_int64();
  EXPECT_TRUE(n == 1 || n == 2) << written;
  EXPECT_EQ(deltas.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Known, TemplateToolsTest,
                         testing::Values("Qwen-Qwen2.5-7B-Instruct.jinja", "Qwen-Qwen3-0.6B.jinja",
                                         "meta-llama-Llama-3.1-8B-Instruct.jinja",
                                         "NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja",
                                         "mistralai-Mistral-Nemo-Instruct-2407.jinja",
                                         "Bielik-11B-v3.0-Instruct.jinja"),
                         [](const auto& one) { return "Template" + std::to_string(one.index); });

}  // namespace
}  // namespace zubr::engine
