#include "engine/llama/chat_template.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::Message;
using inference::Role;

TEST(ChatTemplate, KeepsControlTokensOutOfWhatAUserWrote) {
  ZUBR_NEED_TEST_DATA();
  auto model = load_test_model("tinytalk-3m-q4_0.gguf", 1);
  ASSERT_TRUE(model);
  auto chat = ChatTemplate::create(model);
  ASSERT_TRUE(chat) << chat.error().message();
  ASSERT_TRUE((*chat)->present());
  const auto controls = [&](const std::string& text) {
    const std::vector<Message> messages{{Role::kUser, text}};
    auto rendered = (*chat)->render(messages);
    EXPECT_TRUE(rendered) << rendered.error().message();
    EXPECT_NE(rendered->text().find(text), std::string::npos);
    auto tokens = tokenize_prompt(model->tokenizer(), *rendered);
    EXPECT_TRUE(tokens);
    return std::ranges::count_if(*tokens, [&](Token token) { return model->tokenizer().is_control(token); });
  };
  std::string injection = "hi";
  for (Token token = 0; token < model->tokenizer().size(); ++token) {
    if (model->tokenizer().is_control(token)) injection += " " + model->tokenizer().piece(token, true);
  }
  ASSERT_GT(injection.size(), 2u);
  EXPECT_EQ(controls(injection), controls("hi"));
}

TEST(ChatTemplate, SaysThatABaseModelHasNone) {
  ZUBR_NEED_TEST_DATA();
  auto model = load_test_model("stories260K-f32.gguf", 1);
  ASSERT_TRUE(model);
  auto chat = ChatTemplate::create(model);
  ASSERT_TRUE(chat);
  const std::vector<Message> messages{{Role::kSystem, "Sort."}, {Role::kUser, "{{text}}"}};
  EXPECT_EQ((*chat)->render(messages).error().code(), ErrorCode::kUnsupported);
  auto plain = (*chat)->render(messages, {.plain_text_without_template = true});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text(), "Sort.\n\n{{text}}");
  EXPECT_EQ((*chat)->render({}).error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace zubr::engine
