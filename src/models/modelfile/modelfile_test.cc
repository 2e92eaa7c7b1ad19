#include "models/modelfile/modelfile.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "models/modelfile/model_parameters.h"

namespace zubr::models {
namespace {

TEST(Modelfile, ReadsEveryInstructionInAnyCaseAndOrder) {
  const auto file = parse_modelfile(
      "# a comment\n\nsystem You are Mario.\nFROM llama3.2\nParameter temperature 0.2\nPARAMETER stop <|end|>\n"
      "template \"\"\"{{ .System }}\n{{ .Prompt }}\"\"\"\nADAPTER ./lora.gguf\nLICENSE \"MIT\"\n"
      "MESSAGE user Is Toronto in Canada?\nMESSAGE assistant yes\nREQUIRES 0.14.0\nFROM mmproj.gguf");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->from, (std::vector<std::string>{"llama3.2", "mmproj.gguf"}));
  EXPECT_EQ(file->system, "You are Mario.");
  EXPECT_EQ(file->parameters[0], (std::pair<std::string, std::string>{"temperature", "0.2"}));
  EXPECT_EQ(file->parameters[1].second, "<|end|>");
  EXPECT_EQ(file->chat_template, "{{ .System }}\n{{ .Prompt }}");
  EXPECT_EQ(file->adapters, std::vector<std::string>{"./lora.gguf"});
  EXPECT_EQ(file->licenses, std::vector<std::string>{"MIT"});
  EXPECT_EQ(file->messages[1], (ModelfileMessage{"assistant", "yes"}));
  EXPECT_EQ(file->needs_version, "0.14.0");
}

TEST(Modelfile, AQuoteEndsOnlyAtTheEndOfALine) {
  const auto file =
      parse_modelfile("SYSTEM \"say \"hi\" to\nall\"  \nLICENSE \"\"\"a \"\"\" b\n\"\"\"\nFROM \"x y\"\n");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->system, "say \"hi\" to\nall");
  EXPECT_EQ(file->licenses[0], "a \"\"\" b\n");
  EXPECT_EQ(file->from[0], "x y");
}

TEST(Modelfile, ReadsWindowsLinesAndAByteOrderMark) {
  const auto file = parse_modelfile(
      "\xef\xbb\xbf"
      "FROM a\r\nSYSTEM \"\"\"b\r\nc\"\"\"\r\n");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->from[0], "a");
  EXPECT_EQ(file->system, "b\nc");
}

TEST(Modelfile, SaysWhichLineIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"FROM a\nFORM b", "line 2: 'FORM' is no instruction, did you mean FROM?"},
      {"FROM a\n\nSYSTEM", "line 3: SYSTEM has no value"},
      {"SYSTEM \"\"\"a\nb\nc", "line 1: the quote"},
      {"MESSAGE robot hi", "line 1: 'robot' is no role"},
      {"PARAMETER temperature", "line 1: PARAMETER temperature has no value"},
      {"FROM \xff", "no UTF-8"},
  };
  for (const auto& [text, said] : cases) {
    const auto file = parse_modelfile(text);
    ASSERT_FALSE(file) << text;
    EXPECT_EQ(file.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(file.error().message().find(said), std::string::npos) << file.error().message();
  }
}

// Texts that are hard to quote are likelier than others.
rc::Gen<std::string> hard_text() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab \"\"\"\"\n\t#\\{}")));
}

RC_GTEST_PROP(Modelfile, ComesBackAsItWasWritten, ()) {
  Modelfile file;
  file.from = {*hard_text()};
  file.system = *hard_text();
  file.chat_template = *hard_text();
  file.parameters = {{"stop", *hard_text()}};
  file.messages = {{"user", *hard_text()}, {"assistant", *hard_text()}};
  file.licenses = {*hard_text()};
  const auto text = modelfile_text(file);
  if (!text) RC_SUCCEED("cannot be written");
  const auto again = parse_modelfile(*text);
  RC_ASSERT(again);
  RC_ASSERT(*again == file);
}

RC_GTEST_PROP(Modelfile, WhateverIsReadCanBeWrittenAndReadAgain, ()) {
  const auto lines = *rc::gen::container<std::vector<std::string>>(hard_text());
  std::string text;
  for (const std::string& line : lines) text += "SYSTEM " + line + "\n";
  const auto file = parse_modelfile(text);
  if (!file) RC_SUCCEED("no Modelfile");
  const auto written = modelfile_text(*file);
  RC_ASSERT(written);
  RC_ASSERT(parse_modelfile(*written) == *file);
}

RC_GTEST_PROP(Modelfile, SurvivesAnyBytes, (const std::string& text)) {
  parse_modelfile(text);
  parse_modelfile("FROM " + text);
}

TEST(ModelParameters, LastOneCountsAndStopsCollect) {
  const auto read = read_parameters({{"temperature", "1"},
                                     {"temperature", "0.5"},
                                     {"stop", "a"},
                                     {"stop", "b"},
                                     {"num_ctx", "4096"},
                                     {"mirostat", "1"}});
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->temperature, 0.5);
  EXPECT_EQ(read->stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read->num_ctx, 4096);
  EXPECT_EQ(read->ignored, std::vector<std::string>{"mirostat"});
}

TEST(ModelParameters, RefusesWhatIsNoValueOrNoName) {
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string, std::string>>{{"temperature", "hot"},
                                                                                              {"temperature", "-1"},
                                                                                              {"temperature", "nan"},
                                                                                              {"top_p", "1.5"},
                                                                                              {"top_k", "1.5"},
                                                                                              {"num_ctx", "-1"},
                                                                                              {"seed", "4294967296"},
                                                                                              {"tempreature", "1"},
                                                                                              {"", "1"}})
    EXPECT_EQ(read_parameters({{name, value}}).error().code(), ErrorCode::kInvalidArgument) << name << " " << value;
  EXPECT_NE(read_parameters({{"tempreature", "1"}}).error().message().find("temperature"), std::string::npos);
}

}  // namespace
}  // namespace zubr::models
