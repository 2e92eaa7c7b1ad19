#include "server/ollama/create_request.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::server::ollama {
namespace {

const ServerLimits kLimits;

TEST(CreateRequest, SaysWhatAModelfileWould) {
  const auto request = parse_create(
      R"({"model":"mario","from":"llama3.2","system":"You are Mario.","template":"{{ .Prompt }}",)"
      R"("license":["MIT","x"],)"
      R"("parameters":{"temperature":0.2,"stop":["a","b"],"seed":7},"messages":[{"role":"user","content":"hi"}],)"
      R"("stream":false})",
      kLimits);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_FALSE(request->stream);
  EXPECT_EQ(request->recipe.name, "mario");
  EXPECT_EQ(request->recipe.from, "llama3.2");
  const models::Modelfile& file = request->recipe.modelfile;
  EXPECT_EQ(file.system, "You are Mario.");
  EXPECT_EQ(file.chat_template, "{{ .Prompt }}");
  EXPECT_EQ(file.licenses, (std::vector<std::string>{"MIT", "x"}));
  const std::vector<std::pair<std::string, std::string>> parameters = {
      {"temperature", "2E-1"}, {"stop", "a"}, {"stop", "b"}, {"seed", "7"}};
  EXPECT_EQ(file.parameters, parameters);
  EXPECT_EQ(file.messages, (std::vector<models::ModelfileMessage>{{"user", "hi"}}));
}

TEST(CreateRequest, TakesFilesInTheOrderOfTheirNames) {
  const auto request = parse_create(
      R"({"model":"m","files":{"b.gguf":"sha256:2","a.gguf":"sha256:1"},"adapters":{"x.gguf":"sha256:3"}})", kLimits);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->recipe.files, (std::vector<std::string>{"sha256:1", "sha256:2"}));
  EXPECT_EQ(request->recipe.adapters, std::vector<std::string>{"sha256:3"});
}

TEST(CreateRequest, RefusesWhatCannotBe) {
  for (const char* body : {
           R"({"from":"a"})",
           R"({"model":"m"})",
           R"({"model":"m","from":"a","files":{"a.gguf":"sha256:1"}})",
           R"({"model":"m","files":{"a.safetensors":"sha256:1"}})",
           R"({"model":"m","files":{"a.gguf":7}})",
           R"({"model":"m","from":"a","quantize":"q4_0"})",
           R"({"model":"m","from":"a","parameters":{"stop":[{}]}})",
           R"({"model":"m","from":"a","license":{}})",
           R"({"model":"m","from":"a","messages":[{"role":"tool"}]})",
           R"({"model":"m","from":"a","messages":[1]})",
       })
    EXPECT_EQ(parse_create(body, kLimits).error().status, 400) << body;
}

RC_GTEST_PROP(CreateRequest, SurvivesAnyBytes, (const std::string& bytes)) { (void)parse_create(bytes, kLimits); }

RC_GTEST_PROP(CreateRequest, SurvivesEveryChangedByte, (std::uint8_t value)) {
  std::string body = R"({"model":"m","from":"a","parameters":{"stop":["x"]},"messages":[{"role":"user"}]})";
  body[*rc::gen::inRange<std::size_t>(0, body.size())] = static_cast<char>(value);
  (void)parse_create(body, kLimits);
}

}  // namespace
}  // namespace zubr::server::ollama
