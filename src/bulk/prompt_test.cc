#include "bulk/prompt.h"

#include <gtest/gtest.h>

namespace zubr::bulk {
namespace {

ClassifyOptions with_labels(std::vector<Label> labels) {
  ClassifyOptions options;
  options.labels = std::move(labels);
  return options;
}

TEST(Prompt, EndsInTheTextSoThatEverythingBeforeItIsShared) {
  const auto task = build_task(with_labels({{"Shoes", ""}, {"Books", ""}}), {}, true);
  ASSERT_TRUE(task);
  ASSERT_EQ(task->messages.size(), 1);
  EXPECT_TRUE(task->messages[0].content.ends_with("\nCategories: Shoes, Books\n\nText: {{text}}"));
  EXPECT_EQ(task->labels, (std::vector<std::string>{"Shoes", "Books"}));
}

TEST(Prompt, AsksABaseModelWithARawPrompt) {
  const auto task = build_task(with_labels({{"Shoes", ""}}), {}, false);
  ASSERT_TRUE(task && task->raw_prompt);
  EXPECT_TRUE(task->raw_prompt->ends_with("Text: {{text}}\nCategory:"));
}

TEST(Prompt, ListsLabelsOnLinesWhereACommaWouldBeAmbiguous) {
  EXPECT_EQ(list_labels(with_labels({{"Home, garden", ""}, {"Books", ""}}), {}), "- Home, garden\n- Books");
}

TEST(Prompt, ShowsDescriptionsOnlyWhenAsked) {
  auto options = with_labels({{"Shoes", "for feet"}});
  EXPECT_EQ(list_labels(options, {}), "Shoes");
  options.label_descriptions = true;
  EXPECT_EQ(list_labels(options, {}), "- Shoes: for feet");
}

TEST(Prompt, ScoresCodesInCodeMode) {
  const std::vector<std::string> codes{"A", "B"};
  const auto task = build_task(with_labels({{"Shoes", ""}, {"Books", ""}}), codes, true);
  ASSERT_TRUE(task);
  EXPECT_EQ(task->labels, codes);
  EXPECT_NE(task->messages[0].content.find("A: Shoes\nB: Books"), std::string::npos);
}

TEST(Prompt, FillsATemplateOnceAndNeverExpandsAValue) {
  auto options = with_labels({{"{{instruction}}", ""}});
  options.instruction = "Sort.";
  options.prompt_template = "{{instruction}} [{{labels}}] {{text}} ->";
  const auto task = build_task(options, {}, true);
  ASSERT_TRUE(task);
  EXPECT_EQ(*task->raw_prompt, "Sort. [{{instruction}}] {{text}} ->");
}

TEST(Prompt, RefusesATemplateWithoutExactlyOneText) {
  for (const char* text : {"no hole", "{{text}} {{text}}", "{{txt}}", "{{text"}) {
    auto options = with_labels({{"a", ""}});
    options.prompt_template = text;
    const auto task = build_task(options, {}, true);
    ASSERT_FALSE(task) << text;
    EXPECT_EQ(task.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(Prompt, RefusesALabelThatLooksLikeTheHole) { EXPECT_FALSE(build_task(with_labels({{"{{text}}", ""}}), {}, true)); }

TEST(Prompt, WantsEveryLabelExactlyUnderCalibration) {
  auto options = with_labels({{"a", ""}, {"b", ""}});
  EXPECT_GT(build_task(options, {}, true)->tolerance, 0);
  options.calibration = Calibration::kBatch;
  EXPECT_EQ(build_task(options, {}, true)->tolerance, 0);
}

}  // namespace
}  // namespace zubr::bulk
