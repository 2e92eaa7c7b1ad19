#include "models/modelfile/preset.h"

#include <gtest/gtest.h>

namespace zubr::models {
namespace {

using inference::Role;

TEST(Preset, AddsWhatTheRequestDoesNotSay) {
  const auto preset = preset_of(
      {.parameters = {{"temperature", "0.1"}, {"top_k", "5"}, {"stop", "x"}, {"seed", "7"}, {"num_predict", "9"}},
       .system = "Be brief.",
       .messages = {{"user", "a"}, {"assistant", "b"}}});
  ASSERT_TRUE(preset) << preset.error().message();
  inference::GenerateRequest request;
  request.messages = {{Role::kUser, "c"}};
  request.stop = {"y"};
  const auto full = with_preset(*preset, request);
  ASSERT_EQ(full.messages.size(), 4U);
  EXPECT_EQ(full.messages[0].content, "Be brief.");
  EXPECT_EQ(full.messages[1].content, "a");
  EXPECT_EQ(full.messages[3].content, "c");
  EXPECT_EQ(full.sampling.temperature, 0.1);
  EXPECT_EQ(full.sampling.top_k, 5);
  EXPECT_EQ(full.sampling.seed, 7U);
  EXPECT_EQ(full.max_tokens, 9);
  EXPECT_EQ(full.stop, (std::vector<std::string>{"y", "x"}));
}

TEST(Preset, LeavesWhatTheRequestSays) {
  const auto preset = preset_of({.parameters = {{"temperature", "0.1"}, {"num_predict", "9"}}, .system = "Be brief."});
  inference::GenerateRequest request;
  request.messages = {{Role::kSystem, "Be long."}, {Role::kUser, "c"}};
  request.sampling.temperature = 1.5;
  request.max_tokens = 3;
  const auto full = with_preset(*preset, request);
  ASSERT_EQ(full.messages.size(), 2U);
  EXPECT_EQ(full.messages[0].content, "Be long.");
  EXPECT_EQ(full.sampling.temperature, 1.5);
  EXPECT_EQ(full.max_tokens, 3);
  request.raw_prompt = "as it is";
  request.messages.clear();
  EXPECT_TRUE(with_preset(*preset, request).messages.empty());
}

TEST(Preset, OpensWithContextTemplateAndAdapters) {
  const auto wishes = opening_wishes({.parameters = {{"num_ctx", "512"}},
                                      .chat_template = "{{ if .System }}S {{ .System }}{{ end }}U {{ .Prompt }} A ",
                                      .adapters = {"/a.gguf"}});
  ASSERT_TRUE(wishes) << wishes.error().message();
  EXPECT_EQ(wishes->context_tokens, 512);
  EXPECT_NE(wishes->chat_template.find("ns.prompt"), std::string::npos);
  EXPECT_EQ(wishes->adapters.front(), "/a.gguf");
  EXPECT_EQ(opening_wishes({.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"})->chat_template,
            "{% for m in messages %}{{ m.content }}{% endfor %}");
  EXPECT_EQ(opening_wishes({.chat_template = "{{ template \"x\" .Messages }}"})->chat_template, "");
}

}  // namespace
}  // namespace zubr::models
