#include "train/torch/llama.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "core/temp_dir.h"
#include "engine/llama/context.h"
#include "engine/llama/model.h"
#include "train/torch/weights.h"
#include "train/vocabulary.h"

namespace zubr::train {
namespace {

LlamaShape small_shape() {
  LlamaShape shape;
  shape.vocabulary = 300;
  shape.width = 64;
  shape.layers = 3;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_width = 32;  // not width / heads
  shape.feed_forward = 96;
  shape.context = 256;
  shape.rope_base = 50000.0F;
  shape.norm_epsilon = 1e-5F;
  return shape;
}

Vocabulary numbered_vocabulary(std::int64_t size) {
  Vocabulary vocabulary;
  for (std::int64_t i = 0; i < size; ++i) {
    vocabulary.pieces.push_back(fmt::format("t{}", i));
    vocabulary.scores.push_back(0);
    vocabulary.types.push_back(i == 0 ? PieceType::kUnknown : i < 3 ? PieceType::kControl : PieceType::kNormal);
  }
  return vocabulary;
}

std::vector<TokenId> random_tokens(int count, std::int64_t vocabulary, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(3 + static_cast<TokenId>(random() % (vocabulary - 3)));
  return tokens;
}

Batch one_text(const std::vector<TokenId>& tokens) {
  Packer packer(1, std::ssize(tokens));
  EXPECT_TRUE(packer.add({{tokens, std::vector<float>(tokens.size(), 1.0F)}, {}}));
  return packer.take();
}

torch::Tensor all_logits(const Llama& model, const std::vector<TokenId>& tokens) {
  const torch::NoGradGuard no_gradients;
  return model.logits(model.states(one_text(tokens)), torch::arange(std::ssize(tokens)));
}

// The largest difference between torch's logits and libllama's over a text.
void expect_equal_to_libllama(const std::filesystem::path& file, const Llama& model,
                              const std::vector<TokenId>& tokens) {
  engine::ModelOptions options;
  options.path = file;
  options.threads = 1;
  const auto loaded = engine::Model::load(options);
  ASSERT_TRUE(loaded) << loaded.error().message();
  engine::ContextOptions context_options;
  context_options.cells = 256;
  context_options.exact_cache = true;
  auto context = engine::Context::create(*loaded, context_options);
  ASSERT_TRUE(context) << context.error().message();
  engine::Batch batch;
  for (std::size_t i = 0; i < tokens.size(); ++i) batch.add(tokens[i], static_cast<int>(i), 0, true);
  ASSERT_TRUE((*context)->decode(batch, {}));
  const auto ours = all_logits(model, tokens).contiguous();
  float worst = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto theirs = (*context)->logits(static_cast<int>(i));
    ASSERT_EQ(std::ssize(theirs), ours.size(1));
    const float* row = ours.data_ptr<float>() + static_cast<std::ptrdiff_t>(i) * ours.size(1);
    for (std::size_t t = 0; t < theirs.size(); ++t) worst = std::max(worst, std::abs(theirs[t] - row[t]));
  }
  EXPECT_LT(worst, 1e-3F) << file;
  EXPECT_GT(ours.abs().max().item<float>(), 0.05F);  // not two silent models
}

// What each architecture of shape.h has that another has not.
LlamaShape shape_of(const std::string& kind) {
  LlamaShape shape = small_shape();
  const auto is = [&](const char* part) { return kind.starts_with(part); };
  shape.tied = is("tied");
  shape.architecture = is("qwen2") ? "qwen2" : is("qwen3moe") ? "qwen3moe" : is("qwen3") ? "qwen3" : "llama";
  if (is("gemma2")) shape.architecture = "gemma2";
  if (is("gemma3")) shape.architecture = "gemma3";
  shape.half_split = is("qwen") || is("gemma");
  if (is("qwen2")) shape.head_width = shape.width / shape.heads;
  shape.qkv_bias = is("qwen2") || is("biased");
  shape.output_bias = is("biased");
  shape.qk_norm = is("qwen3") || is("gemma3");
  if (is("linear")) shape.rope_scale = 0.25F;
  if (is("llama31"))
    for (std::int64_t i = 0; i < shape.head_width / 2; ++i)
      shape.rope_factors.push_back(i < 8 ? 1.0F : i < 12 ? 2.5F : 8.0F);
  if (is("mixtral") || is("qwen3moe")) {
    shape.experts = 4;
    shape.experts_used = 2;
  }
  if (is("gemma")) {
    shape.gemma = shape.tied = true;
    shape.layers = is("gemma3") ? 7 : 4;  // with layers of both kinds
    shape.attention_scale = 1.0F / std::sqrt(static_cast<float>(shape.head_width));
    shape.window = 12;
    shape.window_pattern = is("gemma3") ? 6 : 2;
    shape.window_scaled = is("gemma2");
    shape.rope_base_window = is("gemma2") ? shape.rope_base : 10000.0F;
    shape.attention_cap = is("gemma2") ? 3.0F : 0;
    shape.logit_cap = is("gemma2") ? 2.0F : 0;
    if (is("gemma3")) shape.rope_scale = 0.125F;
  }
  return shape;
}

class RandomModel : public testing::TestWithParam<const char*> {};

TEST_P(RandomModel, HasTheLogitsOfLibllama) {
  torch::manual_seed(3);
  const LlamaShape shape = shape_of(GetParam());
  Llama model(shape, torch::kFloat32);
  {
    const torch::NoGradGuard no_gradients;  // large enough weights for attention to matter
    for (const auto& [name, weight] : model.weights()) {
      if (weight.dim() >= 2) weight.mul_(shape.gemma ? 2 : 6);
      if (weight.dim() == 1) weight.add_(torch::randn_like(weight), 0.3);  // norms and biases of their own
    }
  }
  const core::TempDir folder;
  const auto file = folder.path() / "random.gguf";
  ASSERT_TRUE(save_model(file, model, numbered_vocabulary(shape.vocabulary), formats::GgufType::kF32, "random"));
  const auto reader = formats::GgufReader::open(file);
  ASSERT_TRUE(reader);
  const auto read = read_shape(*reader);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(*read == shape);
  Llama loaded = Llama::frozen(*read, torch::kFloat32, torch::kFloat32);
  ASSERT_TRUE(load_weights(*reader, loaded));
  expect_equal_to_libllama(file, loaded, random_tokens(60, shape.vocabulary, 1));
}
INSTANTIATE_TEST_SUITE_P(Of, RandomModel,
                         testing::Values("tied", "untied", "llama31", "linear", "biased", "mixtral", "qwen2", "qwen3",
                                         "qwen3moe", "gemma2", "gemma3"),
                         [](const auto& name) { return std::string(name.param); });

class RealModel : public testing::TestWithParam<const char*> {};

TEST_P(RealModel, HasTheLogitsOfLibllama) {
  const char* data = std::getenv("ZUBR_TEST_DATA");
  const auto file = std::filesystem::path(data ? data : "../shared/data") / "models" / GetParam();
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  const auto reader = formats::GgufReader::open(file);
  ASSERT_TRUE(reader) << reader.error().message();
  const auto shape = read_shape(*reader);
  ASSERT_TRUE(shape) << shape.error().message();
  Llama model = Llama::frozen(*shape, torch::kFloat32, torch::kFloat32);
  const auto loaded = load_weights(*reader, model);
  ASSERT_TRUE(loaded) << loaded.error().message();
  expect_equal_to_libllama(file, model, random_tokens(50, shape->vocabulary, 2));
}
INSTANTIATE_TEST_SUITE_P(Shipped, RealModel, testing::Values("stories260K-f32.gguf", "aidreams260K-f32.gguf"));

// Whatever type a file has its weights in, they are the numbers that llama.cpp takes them for.
TEST(Llama, ReadsWeightsOfEveryTypeAsTheirOwnNumbers) {
  torch::manual_seed(12);
  const LlamaShape shape = small_shape();
  const Llama model(shape, torch::kFloat32);
  const core::TempDir folder;
  for (const auto type : {formats::GgufType::kF16, formats::GgufType::kQ8_0}) {
    const auto narrow = folder.path() / "narrow.gguf", wide = folder.path() / "wide.gguf";
    ASSERT_TRUE(save_model(narrow, model, numbered_vocabulary(shape.vocabulary), type, "m"));
    const auto reader = formats::GgufReader::open(narrow);
    ASSERT_TRUE(reader);
    Llama read = Llama::frozen(shape, torch::kFloat32, torch::kFloat32);
    ASSERT_TRUE(load_weights(*reader, read));
    EXPECT_FALSE(torch::equal(read.weights()[2].second, model.weights()[2].second));
    // The same numbers as F32 give libllama's logits on them.
    ASSERT_TRUE(save_model(wide, read, numbered_vocabulary(shape.vocabulary), formats::GgufType::kF32, "m"));
    expect_equal_to_libllama(wide, read, random_tokens(40, shape.vocabulary, 4));
    for (std::size_t i = 0; i < model.weights().size(); ++i)
      EXPECT_TRUE(torch::allclose(read.weights()[i].second, model.weights()[i].second, 0, 1e-3));
  }
}

TEST(Llama, RefusesATensorOfAnotherSize) {
  const core::TempDir folder;
  const auto file = folder.path() / "m.gguf";
  ASSERT_TRUE(
      save_model(file, Llama(small_shape(), torch::kFloat32), numbered_vocabulary(300), formats::GgufType::kF32, "m"));
  const auto reader = formats::GgufReader::open(file);
  ASSERT_TRUE(reader);
  LlamaShape other = small_shape();
  other.feed_forward += 32;
  Llama model = Llama::frozen(other, torch::kFloat32, torch::kFloat32);
  const auto loaded = load_weights(*reader, model);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::kCorrupt);
}

TEST(Llama, ComesBackFromItsFile) {
  torch::manual_seed(4);
  const LlamaShape shape = small_shape();
  const Llama model(shape, torch::kFloat32);
  const core::TempDir folder;
  const auto file = folder.path() / "m.gguf";
  ASSERT_TRUE(save_model(file, model, numbered_vocabulary(shape.vocabulary), formats::GgufType::kF32, "m"));
  const auto reader = formats::GgufReader::open(file);
  ASSERT_TRUE(reader);
  ASSERT_EQ(read_shape(*reader).value(), shape);
  Llama back(shape, torch::kFloat32);
  ASSERT_TRUE(load_weights(*reader, back));
  for (std::size_t i = 0; i < model.weights().size(); ++i)
    EXPECT_TRUE(torch::equal(model.weights()[i].second, back.weights()[i].second)) << model.weights()[i].first;
}

// Samples of a trunk with branches, in one packed batch, against each branch after its trunk as a text of its own.
TEST(Llama, PackedSamplesHaveTheLossTheyHaveAlone) {
  torch::manual_seed(5);
  const torch::NoGradGuard no_gradients;
  Llama model(small_shape(), torch::kFloat32);
  for (const auto& [name, weight] : model.weights())
    if (weight.dim() == 2) weight.mul_(6);
  std::mt19937 random(6);
  Packer packed(2, 64);
  std::vector<double> alone;
  for (int s = 0; s < 5; ++s) {
    const auto trunk = random_tokens(3 + static_cast<int>(random() % 6), 300, random());
    Sample sample{{trunk, std::vector<float>(trunk.size(), 0.0F)}, {}};
    for (int b = 0; b < 3; ++b) {
      const auto branch = random_tokens(1 + static_cast<int>(random() % 4), 300, random());
      sample.branches.push_back({branch, std::vector<float>(branch.size(), 1.0F)});
      train::Run whole{trunk, std::vector<float>(trunk.size(), 0.0F)};
      whole.tokens.insert(whole.tokens.end(), branch.begin(), branch.end());
      whole.weights.insert(whole.weights.end(), branch.size(), 1.0F);
      Packer single(1, std::ssize(whole.tokens));
      ASSERT_TRUE(single.add({whole, {}}));
      const auto losses = model.losses(single.take());
      for (std::int64_t i = 0; i < losses.size(0); ++i) alone.push_back(losses[i].item<double>());
    }
    ASSERT_TRUE(packed.add(sample));
  }
  const auto losses = model.losses(packed.take());
  // Rows are filled first fit, so the order of samples may differ between the two; within 64 cells of 2 rows it does
  // not.
  ASSERT_EQ(losses.size(0), std::ssize(alone));
  for (std::size_t i = 0; i < alone.size(); ++i)
    EXPECT_NEAR(losses[static_cast<std::int64_t>(i)].item<double>(), alone[i], 1e-5) << i;
}

TEST(Llama, ChoosingAmongThePromptsTokensIsTheFullLossWithTheOthersRuledOut) {
  torch::manual_seed(8);
  const torch::NoGradGuard no_gradients;
  const Llama model(small_shape(), torch::kFloat32);
  Packer packer(1, 16);
  ASSERT_TRUE(packer.add({{{10, 11, 12}, {0, 0, 0}}, {{{11, 2}, {1, 1}}}}));
  const Batch batch = packer.take();
  const auto choice = model.choice_losses(batch, 2, 0);
  const auto logits = model.logits(model.states(batch), torch::tensor({std::int64_t{2}, std::int64_t{3}}));
  const auto allowed = torch::tensor({std::int64_t{10}, std::int64_t{11}, std::int64_t{12}, std::int64_t{2}});
  for (int i = 0; i < 2; ++i) {
    const auto open = torch::log_softmax(logits[i].index_select(0, allowed), 0);
    EXPECT_NEAR(choice[i].item<double>(), -open[i == 0 ? 1 : 3].item<double>(), 1e-5);
  }
  const auto both = model.choice_losses(batch, 2, 0.5);
  EXPECT_TRUE(torch::allclose(both, choice + 0.5 * model.losses(batch), 1e-5, 1e-6));
}

}  // namespace
}  // namespace zubr::train
