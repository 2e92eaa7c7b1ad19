#include "engine/embed/embedder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::Embedding;

const std::vector<std::string> kTexts = {"red running shoes", "Lily went to the park with her mom.", "dog",
                                         "a much longer text about a little girl who wanted to play outside all day",
                                         "buty do biegania"};

inference::EmbedRequest request_for(std::vector<std::string> texts, bool normalize = true) {
  inference::EmbedRequest request;
  request.texts = std::move(texts);
  request.normalize = normalize;
  return request;
}

float cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    dot += double{a[i]} * b[i], aa += double{a[i]} * a[i], bb += double{b[i]} * b[i];
  return static_cast<float>(dot / std::sqrt(aa * bb));
}

class EmbedderTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    model_ = load_test_model(GetParam(), 1);
  }

  std::shared_ptr<const Model> model_;
};

TEST_P(EmbedderTest, GivesATextTheSameVectorAloneAndInABatch) {
  Embedder together(model_);
  const auto batch = together.embed(request_for(kTexts), {});
  ASSERT_TRUE(batch) << batch.error().message();
  ASSERT_EQ(batch->size(), kTexts.size());
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    Embedder fresh(model_);
    const auto alone = fresh.embed(request_for({kTexts[i]}), {});
    ASSERT_TRUE(alone && alone->at(0) && batch->at(i));
    const auto& a = alone->at(0)->values;
    const auto& b = batch->at(i)->values;
    ASSERT_EQ(a.size(), static_cast<std::size_t>(model_->embedding_size()));
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) ASSERT_NEAR(a[k], b[k], 1e-3) << kTexts[i];
    EXPECT_EQ(alone->at(0)->tokens, batch->at(i)->tokens);
    EXPECT_NEAR(cosine(a, a), 1, 1e-6);
  }
}

TEST_P(EmbedderTest, TellsSimilarTextsFromOthers) {
  Embedder embedder(model_);
  const auto result = embedder.embed(request_for({"The dog ran in the park.", "The dog ran in the park.",
                                                  "The cat ran in the park.", "zzzz 1234 ????"}),
                                     {});
  ASSERT_TRUE(result);
  const auto at = [&](std::size_t i) { return result->at(i)->values; };
  EXPECT_NEAR(cosine(at(0), at(1)), 1, 1e-5);
  EXPECT_GT(cosine(at(0), at(2)), cosine(at(0), at(3)));
}

TEST_P(EmbedderTest, EvaluatesInStepsWhatDoesNotFitIntoOne) {
  Embedder big(model_);
  Embedder small(model_, {.texts_per_step = 2, .step_tokens = 4});
  const auto expected = big.embed(request_for(kTexts), {});
  const auto stepwise = small.embed(request_for(kTexts), {});
  ASSERT_TRUE(expected && stepwise);
  for (std::size_t i = 0; i < kTexts.size(); ++i)
    EXPECT_NEAR(cosine(expected->at(i)->values, stepwise->at(i)->values), 1, 1e-4) << kTexts[i];
}

TEST_P(EmbedderTest, GivesATextThatFailsItsOwnError) {
  Embedder embedder(model_);
  std::string endless;
  for (int i = 0; i < 3000; ++i) endless += " dog";
  const auto result = embedder.embed(request_for({"fine", "broken \xff", endless, "fine"}), {});
  ASSERT_TRUE(result);
  ASSERT_TRUE(result->at(0) && result->at(3));
  EXPECT_NEAR(cosine(result->at(0)->values, result->at(3)->values), 1, 1e-5);
  EXPECT_EQ(result->at(1).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(result->at(2).error().code(), ErrorCode::kTooLarge);
  EXPECT_NE(result->at(2).error().message().find(std::to_string(embedder.max_tokens())), std::string::npos);
}

TEST_P(EmbedderTest, NormalizesOnlyWhenAsked) {
  Embedder embedder(model_);
  const auto raw = embedder.embed(request_for({"dog"}, false), {});
  const auto normal = embedder.embed(request_for({"dog"}), {});
  ASSERT_TRUE(raw && normal);
  double raw_square = 0, square = 0;
  for (const float value : raw->at(0)->values) raw_square += double{value} * value;
  for (const float value : normal->at(0)->values) square += double{value} * value;
  EXPECT_NEAR(square, 1, 1e-5);
  EXPECT_GT(std::abs(raw_square - 1), 1e-2);
}

TEST_P(EmbedderTest, StopsWhenAskedAndWorksAfterwards) {
  Embedder embedder(model_);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(embedder.embed(request_for(kTexts), source.get_token()).error().code(), ErrorCode::kCancelled);
  EXPECT_TRUE(embedder.embed(request_for(kTexts), {}));
}

TEST_P(EmbedderTest, ServesSeveralThreads) {
  Embedder embedder(model_);
  const auto expected = embedder.embed(request_for(kTexts), {});
  ASSERT_TRUE(expected) << expected.error().message();
  std::vector<float> worst(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < worst.size(); ++t) {
      threads.emplace_back([&, t] {
        const auto result = embedder.embed(request_for(kTexts), {});
        worst[t] = result ? 1 : 0;
        for (std::size_t i = 0; result && i < kTexts.size(); ++i)
          worst[t] = std::min(worst[t], cosine(result->at(i)->values, expected->at(i)->values));
      });
    }
  }
  for (const float value : worst) EXPECT_NEAR(value, 1, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Models, EmbedderTest, testing::Values("stories260K-f32.gguf", "tinytalk-3m-f16.gguf"));

}  // namespace
}  // namespace zubr::engine
