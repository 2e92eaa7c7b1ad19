#include "engine/prefix/prompt_parts.h"

#include <gtest/gtest.h>

namespace zubr::engine {
namespace {

TEST(PromptParts, GivesTheSpacesBeforeTheTextToTheText) {
  auto parts = split_prompt("Item:  {{text}}\nCategory:", "{{text}}");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->head, "Item:");
  EXPECT_EQ(parts->text_prefix, "  ");
  EXPECT_EQ(parts->tail, "\nCategory:");
  EXPECT_EQ(parts->label_prefix, " ");
}

TEST(PromptParts, PutsNoSpaceBeforeALabelThatFollowsANewline) {
  EXPECT_EQ(split_prompt("{{text}}\n", "{{text}}")->label_prefix, "");
  EXPECT_EQ(split_prompt("{{text}}: ", "{{text}}")->label_prefix, " ");
  EXPECT_EQ(split_prompt("{{text}}: ", "{{text}}")->tail, ":");
  EXPECT_EQ(split_prompt("a {{text}}", "{{text}}")->label_prefix, " ");
  EXPECT_EQ(split_prompt("a {{text}}  ", "{{text}}")->label_prefix, "  ");
}

TEST(PromptParts, WantsThePlaceholderExactlyOnce) {
  EXPECT_EQ(split_prompt("nothing", "{{text}}").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(split_prompt("{{text}} {{text}}", "{{text}}").error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace zubr::engine
