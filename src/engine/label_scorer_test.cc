#include "engine/label_scorer.h"

#include <gtest/gtest.h>

#include "engine/naive_labels.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

TEST(LabelScorer, AgreesWithTheNaiveReferenceOnOneRow) {
  ZUBR_NEED_TEST_DATA();
  auto model = load_test_model("stories260K-f32.gguf");
  ASSERT_TRUE(model);
  inference::LabelTask task;
  task.raw_prompt = "Once upon a time {{text}} was";
  task.labels = {"happy", "sad", "happy and sad", "a big dog", "a big"};
  task.tolerance = 0;
  auto scorer = open_label_scorer(model, task, {});
  ASSERT_TRUE(scorer) << scorer.error().message();
  auto row = (*scorer)->prepare("a little girl");
  ASSERT_TRUE(row);
  std::vector<inference::PreparedText> rows{*row};
  auto scores = (*scorer)->score(rows, {});
  ASSERT_TRUE(scores) << scores.error().message();
  NaiveLabels naive(test_model("stories260K-f32.gguf"));
  auto prompt = naive.prompt_tokens({"Once upon a time", " a little girl", " was"});
  auto labels = naive.label_tokens({" happy", " sad", " happy and sad", " a big dog", " a big"});
  auto expected = naive.log_probs(prompt, labels);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_NEAR((*scores)[0].log_prob[i], expected[i], 1e-3);
    EXPECT_TRUE((*scores)[0].exact[i]);
  }
}

}  // namespace
}  // namespace zubr::engine
