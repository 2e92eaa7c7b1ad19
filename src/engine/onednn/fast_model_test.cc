// Whole models with oneDNN's products against the same models with ggml's.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/temp_dir.h"
#include "engine/llama/context.h"
#include "engine/llama/random_llama.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

constexpr int kPrompt = 60;

using Rows = std::vector<std::vector<float>>;

class FastModel : public ::testing::TestWithParam<ggml_type> {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    RandomLlama options;
    if (GetParam() != GGML_TYPE_COUNT) options.type = GetParam();
    ASSERT_TRUE(write_random_llama(test_model("stories260K-f32.gguf"), file_, options));
  }
  std::shared_ptr<const Model> load(Compute compute) const {
    ModelOptions options;
    options.path = file_;
    options.threads = 2;
    options.compute = compute;
    auto model = Model::load(options);
    EXPECT_TRUE(model) << (model ? "" : model.error().message());
    return model ? *model : nullptr;
  }

  core::TempDir folder_;
  std::filesystem::path file_ = folder_.path() / "random.gguf";
};

Tokens random_tokens(int count, int vocabulary, unsigned seed) {
  std::mt19937 random(seed);
  Tokens tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<Token>(3 + random() % (vocabulary - 3)));
  return tokens;
}

// The logits after every token of the prompts, each in a sequence of its own, `together` prompts a decode.
Rows logits_of(const std::shared_ptr<const Model>& model, const std::vector<Tokens>& prompts, std::size_t together) {
  auto context = Context::create(model, {.cells = 2048, .batch_tokens = 512, .sequences = 8});
  EXPECT_TRUE(context);
  Rows rows;
  for (std::size_t first = 0; first < prompts.size(); first += together) {
    Batch batch;
    for (std::size_t i = first; i < std::min(prompts.size(), first + together); ++i)
      for (std::size_t at = 0; at < prompts[i].size(); ++at)
        batch.add(prompts[i][at], static_cast<int>(at), static_cast<int>(i - first), true);
    EXPECT_TRUE((*context)->decode(batch, {}));
    for (int i = 0; i < batch.size(); ++i) {
      const auto row = (*context)->logits(i);
      rows.emplace_back(row.begin(), row.end());
    }
    (*context)->clear();
  }
  return rows;
}

double relative_error(const Rows& got, const Rows& right) {
  double difference = 0, length = 0;
  for (std::size_t r = 0; r < right.size(); ++r) {
    for (std::size_t i = 0; i < right[r].size(); ++i) {
      difference += std::pow(got[r][i] - right[r][i], 2);
      length += std::pow(right[r][i], 2);
    }
  }
  return std::sqrt(difference / length);
}

TEST_P(FastModel, LogitsAreThoseOfGgml) {
  const Rows right = [&] {
    const auto model = load(Compute::kGgml);
    return logits_of(model, {random_tokens(kPrompt, model->tokenizer().size(), 1)}, 1);
  }();
  for (const Compute compute : {Compute::kInt8, Compute::kBf16}) {
    const auto model = load(compute);
    ASSERT_TRUE(model);
    EXPECT_EQ(model->compute(), compute);
    EXPECT_GT(model->packed_bytes(), 0U);
    const double error =
        relative_error(logits_of(model, {random_tokens(kPrompt, model->tokenizer().size(), 1)}, 1), right);
    RecordProperty(compute == Compute::kInt8 ? "int8" : "bf16", std::to_string(error));
    EXPECT_LE(error, compute == Compute::kInt8 ? 0.05 : 0.02);
    EXPECT_GT(error, 1e-4) << "it was ggml that computed";
  }
}

INSTANTIATE_TEST_SUITE_P(Types, FastModel,
                         ::testing::Values(GGML_TYPE_F16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q5_1),
                         [](const auto& type) { return std::string(ggml_type_name(type.param)); });

class OneFastModel : public FastModel {};
INSTANTIATE_TEST_SUITE_P(Default, OneFastModel, ::testing::Values(GGML_TYPE_COUNT));

// From 3 tokens to as many as fill a micro-batch: what is beside a row is chance.
TEST_P(OneFastModel, CompanyDoesNotChangeBits) {
  const auto model = load(Compute::kInt8);
  std::vector<Tokens> prompts;
  for (unsigned i = 0; i < 6; ++i) prompts.push_back(random_tokens(9, model->tokenizer().size(), i));
  const Rows alone = logits_of(model, prompts, 1), together = logits_of(model, prompts, 6);
  ASSERT_EQ(alone.size(), together.size());
  for (std::size_t i = 0; i < alone.size(); ++i)
    EXPECT_EQ(0, std::memcmp(alone[i].data(), together[i].data(), alone[i].size() * sizeof(float))) << i;
}

TEST_P(OneFastModel, SeveralAtOnceAndGoneInAnyOrder) {
  auto first = load(Compute::kInt8), second = load(Compute::kBf16), third = load(Compute::kGgml);
  const std::vector<Tokens> prompts{random_tokens(20, first->tokenizer().size(), 4)};
  const Rows before = logits_of(second, prompts, 1);
  first.reset();
  EXPECT_EQ(logits_of(second, prompts, 1), before);
  second.reset();
  first = load(Compute::kInt8);
  EXPECT_LE(relative_error(logits_of(first, prompts, 1), logits_of(third, prompts, 1)), 0.05);
}

}  // namespace
}  // namespace zubr::engine
