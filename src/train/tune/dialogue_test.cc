#include "train/tune/dialogue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "core/temp_dir.h"

namespace zubr::train {
namespace {

using inference::Role;

Result<Dialogue> parse(const std::string& json, const DialogueOptions& options = {}) {
  std::optional<RecordForm> form;
  return parse_dialogue(json, options, form);
}

std::string told(const Dialogue& dialogue) {
  std::string text;
  for (const auto& message : dialogue.messages)
    text += (message.role == Role::kSystem ? "S:" : message.role == Role::kUser ? "U:" : "A:") + message.content + "|";
  return text;
}

struct Sample {
  const char* json;
  const char* want;
};
class Forms : public testing::TestWithParam<Sample> {};
TEST_P(Forms, AreRead) {
  const auto dialogue = parse(GetParam().json);
  ASSERT_TRUE(dialogue) << dialogue.error().message();
  EXPECT_EQ(told(*dialogue), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Each, Forms,
    testing::Values(Sample{R"({"messages":[{"role":"system","content":"s"},{)"
                           R"("role":"user","content":"q"},{"role":"assistant","content":"a"}]})",
                           "S:s|U:q|A:a|"},
                    Sample{R"({"messages":[{"role":"user","content":[{"type":"text","text":"q"},{)"
                           R"("type":"text","value":"r"}]},{"role":"assistant","content":"a"}]})",
                           "U:qr|A:a|"},
                    Sample{
                        R"({"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}],"system":"s"})",
                        "S:s|U:q|A:a|"},
                    Sample{R"({"instruction":"do","input":"this","output":"done","history":[["x","y"]],"system":"s"})",
                           "S:s|U:x|A:y|U:do\nthis|A:done|"},
                    Sample{R"({"instruction":"do","input":"","output":"done"})", "U:do|A:done|"},
                    Sample{R"({"prompt":"q","completion":"a"})", "U:q|A:a|"},
                    Sample{R"({"question":"q","answer":7})", "U:q|A:7|"}));

class Wrong : public testing::TestWithParam<Sample> {};
TEST_P(Wrong, SaysWhatIsWrong) {
  const auto dialogue = parse(GetParam().json);
  ASSERT_FALSE(dialogue);
  EXPECT_EQ(dialogue.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(dialogue.error().message().find(GetParam().want), std::string::npos) << dialogue.error().message();
}
INSTANTIATE_TEST_SUITE_P(
    Each, Wrong,
    testing::Values(
        Sample{"", "not JSON"}, Sample{"[1]", "not a JSON object"}, Sample{R"({"a":1})", "its keys (a)"},
        Sample{R"({"messages":[]})", "no messages"}, Sample{R"({"messages":[1]})", "not an object"},
        Sample{R"({"messages":[{"role":"wizard","content":"x"}]})", "'wizard' is not a role"},
        Sample{R"({"messages":[{"role":"user","content":"q"}]})", "does not end with an answer"},
        Sample{R"({"messages":[{"role":"assistant","content":"a"}]})", "speaks before the user"},
        Sample{R"({"messages":[{"role":"user","content":"q"},{"role":"user","content":"r"}]})", "twice in a row"},
        Sample{R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":" "}]})",
               "an answer is empty"},
        Sample{R"({"messages":[{"role":"user","content":"q"},{"role":"system","content":"s"}]})", "not the first"},
        Sample{R"({"messages":[{"role":"user"}]})", "no 'content'"},
        Sample{R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})", "no text"},
        Sample{R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[]}]})",
               "tool calls"},
        Sample{R"({"conversations":[{"from":"function_call","value":"x"}]})", "'function_call' is not a role"},
        Sample{R"({"prompt":"q","chosen":"a","rejected":"b"})", "preferences"},
        Sample{R"({"prompt":"","completion":"a"})", "a prompt is empty"},
        Sample{R"({"prompt":{},"completion":"a"})", "not a text"},
        Sample{R"({"prompt":"q","completion":"a","error":"broken"})", "it has an error: broken"}));

TEST(Dialogue, NamedColumnsAreTheOnesThatCount) {
  DialogueOptions options;
  options.prompt_column = "mail";
  options.completion_column = "reply";
  EXPECT_EQ(told(parse(R"({"mail":"q","reply":"a","prompt":"x"})", options).value()), "U:q|A:a|");
  EXPECT_FALSE(parse(R"({"mail":"q"})", options));
}

TEST(Dialogue, ALabelledRowAsksAsClassifyDoesAndACorrectionWins) {
  DialogueOptions options;
  options.label_prompt = "Which?\nText: {{text}}";
  options.labels = {"shoes", "books"};
  options.corrected_column = "fixed";
  EXPECT_EQ(told(parse(R"({"text":"boots","label":"books","fixed":"shoes"})", options).value()),
            "U:Which?\nText: boots|A:shoes|");
  EXPECT_EQ(told(parse(R"({"text":"novel","label":"books","fixed":""})", options).value()),
            "U:Which?\nText: novel|A:books|");
  const auto unknown = parse(R"({"text":"boots","label":"hats"})", options);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message().find("'hats' is none of the 2 labels"), std::string::npos);
  // A text cannot add holes.
  EXPECT_EQ(told(parse(R"({"text":"{{text}}","label":"books"})", options).value()),
            "U:Which?\nText: {{text}}|A:books|");
}

class Files : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
    return dir_.path() / name;
  }
  Result<DialogueFile> read(const std::string& name, const std::string& text) const {
    return read_dialogues(write(name, text), {}, dir_.path(), {});
  }
  core::TempDir dir_;
};

TEST_F(Files, ListEveryRecordThatCannotBeUsedByItsNumber) {
  const auto file =
      read("a.jsonl",
           "{\"prompt\":\"q\",\"completion\":\"a\"}\nnonsense\n\n{\"instruction\":\"i\",\"output\":\"o\"}\n"
           "{\"prompt\":\"\xff\",\"completion\":\"a\"}\n{\"prompt\":\"r\",\"completion\":\"b\"}\r\n");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->form, RecordForm::kPromptCompletion);
  ASSERT_EQ(file->dialogues.size(), 2U);
  EXPECT_EQ(file->dialogues[1].row, 5);
  ASSERT_EQ(file->bad.size(), 3U);
  EXPECT_EQ(file->bad[0].row, 2);
  EXPECT_NE(file->bad[1].reason.find("of the form Alpaca"), std::string::npos) << file->bad[1].reason;
  EXPECT_NE(file->bad[2].reason.find("UTF-8"), std::string::npos);
}

TEST_F(Files, MayBeAJsonArray) {
  const auto file = read("a.json", R"([{"instruction":"i","output":"o"},{"instruction":"j","output":"p"}])");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->form, RecordForm::kAlpaca);
  EXPECT_EQ(told(file->dialogues[1]), "U:j|A:p|");
}

TEST_F(Files, MayBeATable) {
  const auto file = read("a.csv", "prompt,completion,note\nq,\"a, b\",x\nr,c,\n");
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_EQ(file->dialogues.size(), 2U);
  EXPECT_EQ(told(file->dialogues[0]), "U:q|A:a, b|");
  EXPECT_EQ(told(file->dialogues[1]), "U:r|A:c|");
}

TEST_F(Files, WithNothingInThemAreRefused) {
  EXPECT_EQ(read("a.jsonl", "").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(read("a.json", "{").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(read("b.json", "{}").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(read_dialogues(dir_.path() / "no.jsonl", {}, dir_.path(), {}).error().code(), ErrorCode::kNotFound);
  const auto none = read("c.jsonl", "{}\n{}\n");
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message().find("none of the 2 records"), std::string::npos) << none.error().message();
}

RC_GTEST_PROP(Dialogue, NoTextEndsTheProcess, (const std::string& text)) {
  std::optional<RecordForm> form;
  RC_ASSERT(!parse_dialogue(text, {}, form) || form.has_value());
}

}  // namespace
}  // namespace zubr::train
