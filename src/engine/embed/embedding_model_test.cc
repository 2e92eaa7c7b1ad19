// The embedder on a model that is made for embedding: its tokens all see each other, and it pools by itself.
#include <gtest/gtest.h>

#include <cmath>

#include "core/temp_dir.h"
#include "engine/embed/embedder.h"
#include "engine/engine.h"
#include "engine/llama/random_bert.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

class EmbeddingModelTest : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto vocabulary = test_data() / "llamacpp-vocab/ggml-vocab-bert-bge.gguf";
    if (!std::filesystem::exists(vocabulary)) GTEST_SKIP() << "no " << vocabulary << "; set ZUBR_TEST_DATA";
    options_.path = folder_.path() / "bert.gguf";
    options_.threads = 1;
    ASSERT_TRUE(write_random_bert(vocabulary, options_.path, {.pooling_type = GetParam()}));
  }

  core::TempDir folder_;
  ModelOptions options_;
};

inference::EmbedRequest request_for(std::vector<std::string> texts) {
  inference::EmbedRequest request;
  request.texts = std::move(texts);
  return request;
}

TEST_P(EmbeddingModelTest, GivesATextTheSameVectorAloneAndInABatch) {
  const auto model = Model::load(options_);
  ASSERT_TRUE(model) << model.error().message();
  const std::vector<std::string> texts = {"red shoes", "a longer text about running shoes", "dog", "red shoes"};
  Embedder embedder(*model);
  ASSERT_TRUE(embedder.supported());
  const auto batch = embedder.embed(request_for(texts), {});
  ASSERT_TRUE(batch) << batch.error().message();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto alone = embedder.embed(request_for({texts[i]}), {});
    ASSERT_TRUE(alone && alone->at(0) && batch->at(i));
    double square = 0;
    for (std::size_t k = 0; k < alone->at(0)->values.size(); ++k) {
      ASSERT_NEAR(alone->at(0)->values[k], batch->at(i)->values[k], 1e-3);
      square += double{alone->at(0)->values[k]} * alone->at(0)->values[k];
    }
    EXPECT_NEAR(square, 1, 1e-5);
  }
  EXPECT_NE(batch->at(0)->values, batch->at(2)->values);
}

TEST_P(EmbeddingModelTest, TakesATextOfItsWholeContextAndNoLonger) {
  const auto model = Model::load(options_);
  ASSERT_TRUE(model);
  Embedder embedder(*model);
  const auto words = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += " dog";
    return text;
  };
  const auto result = embedder.embed(request_for({words(62), words(63)}), {});  // and two tokens around them
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_TRUE(result->at(0)) << result->at(0).error().message();
  EXPECT_EQ(result->at(0)->tokens, 64);
  EXPECT_EQ(result->at(1).error().code(), ErrorCode::kTooLarge);
}

TEST_P(EmbeddingModelTest, EmbedsManyTextsInSeveralSteps) {
  const auto model = Model::load(options_);
  ASSERT_TRUE(model);
  Embedder embedder(*model, {.texts_per_step = 3, .step_tokens = 64});
  const auto result = embedder.embed(request_for(std::vector<std::string>(20, "red running shoes for children")), {});
  ASSERT_TRUE(result) << result.error().message();
  for (const auto& one : *result) {
    ASSERT_TRUE(one);
    for (std::size_t k = 0; k < one->values.size(); ++k) EXPECT_NEAR(one->values[k], result->at(0)->values[k], 1e-3);
  }
}

TEST_P(EmbeddingModelTest, DoesNotGenerate) {
  const auto engine = Engine::open(options_);
  ASSERT_TRUE(engine);
  EXPECT_FALSE((*engine)->info().can_generate);
  EXPECT_TRUE((*engine)->info().can_embed);
  EXPECT_EQ((*engine)->info().context_tokens, 64);
  inference::GenerateRequest request;
  request.raw_prompt = "Hi";
  EXPECT_EQ((*engine)->generate(request, {}, {}).error().code(), ErrorCode::kUnsupported);
}

INSTANTIATE_TEST_SUITE_P(Pooling, EmbeddingModelTest, testing::Values(0, 1, 2, 3));

class RankingModelTest : public EmbeddingModelTest {};

TEST_P(RankingModelTest, HasNoEmbeddings) {
  const auto engine = Engine::open(options_);
  ASSERT_TRUE(engine);
  EXPECT_FALSE((*engine)->info().can_embed);
  EXPECT_EQ((*engine)->embed(request_for({"dog"}), {}).error().code(), ErrorCode::kUnsupported);
}

INSTANTIATE_TEST_SUITE_P(Pooling, RankingModelTest, testing::Values(4));

}  // namespace
}  // namespace zubr::engine
