#include "models/registry/recipe_layers.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace zubr::models {
namespace {

Result<Modelfile> read_back(const std::vector<RecipeLayer>& layers, std::vector<std::string>& left_out) {
  Modelfile recipe;
  for (const RecipeLayer& layer : layers)
    ZUBR_CHECK(apply_layer(kind_of({layer.media_type, sha256(""), 0, {}}), layer.content, recipe, left_out));
  return recipe;
}

TEST(RecipeLayers, SayWhatTheModelfileSays) {
  const Modelfile recipe{.parameters = {{"temperature", "0.25"}, {"stop", "<|a|>"}, {"stop", "1"}, {"num_ctx", "4096"}},
                         .chat_template = "{{ .Prompt }}",
                         .system = "Be \"brief\".\n",
                         .licenses = {"a", "b"},
                         .messages = {{"user", "hi"}, {"assistant", "ho"}}};
  const auto layers = layers_of(recipe);
  EXPECT_EQ(layers.size(), 6U);
  std::vector<std::string> left_out;
  const auto again = read_back(layers, left_out);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->system, recipe.system);
  EXPECT_EQ(again->chat_template, recipe.chat_template);
  EXPECT_EQ(again->messages, recipe.messages);
  EXPECT_EQ(again->licenses, recipe.licenses);
  auto parameters = again->parameters, wanted = recipe.parameters;
  std::ranges::sort(parameters);
  std::ranges::sort(wanted);
  ASSERT_EQ(parameters.size(), wanted.size());
  EXPECT_EQ(parameters[1], wanted[1]);
  EXPECT_TRUE(left_out.empty());
}

TEST(RecipeLayers, LeaveOutWhatIsNotKnownAndSaySo) {
  Modelfile recipe;
  std::vector<std::string> left_out;
  ASSERT_TRUE(
      apply_layer(LayerKind::kParameters, R"({"temperature":0.5,"warp":9,"top_p":7,"stop":["a"]})", recipe, left_out));
  EXPECT_EQ(recipe.parameters.size(), 2U);
  EXPECT_EQ(left_out, (std::vector<std::string>{"warp", "top_p"}));
  ASSERT_TRUE(apply_layer(LayerKind::kMessages, R"([{"role":"tool","content":"x"}])", recipe, left_out));
  EXPECT_TRUE(recipe.messages.empty());
}

TEST(RecipeLayers, RefuseWhatIsNoLayer) {
  Modelfile recipe;
  std::vector<std::string> left_out;
  for (const std::string_view text : {"", "{", "[]x", "7", "\"a\"", "\xff"}) {
    EXPECT_EQ(apply_layer(LayerKind::kParameters, text, recipe, left_out).error().code(), ErrorCode::kCorrupt) << text;
    EXPECT_EQ(apply_layer(LayerKind::kMessages, text, recipe, left_out).error().code(), ErrorCode::kCorrupt) << text;
  }
  EXPECT_FALSE(apply_layer(LayerKind::kMessages, R"([{"role":1}])", recipe, left_out));
  EXPECT_FALSE(apply_layer(LayerKind::kSystem, std::string_view("a\0b", 3), recipe, left_out));
}

RC_GTEST_PROP(RecipeLayers, SurviveAnyBytes, (const std::string& text)) {
  Modelfile recipe;
  std::vector<std::string> left_out;
  for (const LayerKind kind : {LayerKind::kParameters, LayerKind::kMessages, LayerKind::kSystem})
    (void)apply_layer(kind, text, recipe, left_out);
}

}  // namespace
}  // namespace zubr::models
