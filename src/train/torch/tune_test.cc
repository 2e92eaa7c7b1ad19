#include "train/tune.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "core/temp_dir.h"
#include "engine/llama/context.h"
#include "engine/llama/model.h"
#include "train/quantize.h"
#include "train/torch/lora.h"
#include "train/torch/weights.h"

namespace zubr::train {
namespace {

LlamaShape tiny_shape() {
  LlamaShape shape;
  shape.vocabulary = 64;
  shape.width = 32;
  shape.layers = 2;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.head_width = 16;
  shape.feed_forward = 64;
  shape.context = 256;
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

std::vector<TokenId> random_tokens(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(3 + static_cast<TokenId>(random() % 61));
  return tokens;
}

std::vector<Example> some_examples(int count) {
  std::vector<Example> examples;
  for (int i = 0; i < count; ++i) {
    const auto seed = static_cast<unsigned>(i);
    Example example{i + 1, random_tokens(4 + i % 5, 100 + seed), random_tokens(1 + i % 3, 200 + seed), 0};
    example.answer.push_back(2);
    examples.push_back(std::move(example));
  }
  return examples;
}

class Tuning : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    Llama model(tiny_shape(), torch::kFloat32);
    const torch::NoGradGuard no_gradients;
    for (const auto& [name, weight] : model.weights())
      if (weight.dim() == 2) weight.mul_(6);
    ASSERT_TRUE(save_model(base_, model, numbered_vocabulary(64), formats::GgufType::kF32, "base"));
    plan_.base = base_;
    plan_.name = "tuned";
    plan_.float32 = true;
    plan_.threads = 1;
    plan_.lora.rank = 4;
    plan_.rate = 5e-3;
    plan_.batch = 8;
    plan_.checkpoint_every = 5;
  }

  TuneFolder folder(const std::string& name) const { return {dir_.path() / name}; }
  void prepare(const TuneFolder& where, int train, int validation) const {
    auto all = some_examples(train + validation);
    const std::vector<Example> held(all.begin() + train, all.end());
    all.resize(static_cast<std::size_t>(train));
    const auto written = write_plan(plan_, all, held, where, false);
    ASSERT_TRUE(written) << written.error().message();
  }

  static std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static std::vector<float> adapter_numbers(const TuneFolder& where) {
    const auto file = formats::GgufReader::open(where.adapter());
    EXPECT_TRUE(file);
    std::vector<float> all;
    for (const auto& [name, tensor] : file->tensors()) {
      std::vector<float> values(tensor.dims[0] * tensor.dims[1]);
      EXPECT_TRUE(decode_tensor(file->read_tensor(name, values.size() * 4).value(), tensor.type, values));
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  core::TempDir dir_;
  std::filesystem::path base_ = dir_.path() / "base.gguf";
  TunePlan plan_;
};

// Logits over a text by libllama, with an adapter where one is named.
std::vector<float> libllama_logits(const std::filesystem::path& model, const std::filesystem::path& adapter,
                                   const std::vector<TokenId>& tokens) {
  engine::ModelOptions how;
  how.path = model;
  how.threads = 1;
  if (!adapter.empty()) how.adapters.push_back(adapter);
  const auto loaded = engine::Model::load(how);
  EXPECT_TRUE(loaded) << loaded.error().message();
  engine::ContextOptions options;
  options.cells = 256;
  options.exact_cache = true;
  auto context = engine::Context::create(*loaded, options);
  EXPECT_TRUE(context);
  engine::Batch batch;
  for (std::size_t i = 0; i < tokens.size(); ++i) batch.add(tokens[i], static_cast<int>(i), 0, true);
  EXPECT_TRUE((*context)->decode(batch, {}));
  std::vector<float> all;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto row = (*context)->logits(static_cast<int>(i));
    all.insert(all.end(), row.begin(), row.end());
  }
  return all;
}

std::vector<float> torch_logits(const Llama& model, const std::vector<TokenId>& tokens) {
  const torch::NoGradGuard no_gradients;
  Packer packer(1, std::ssize(tokens));
  EXPECT_TRUE(packer.add({{tokens, std::vector<float>(tokens.size(), 1.0F)}, {}}));
  const auto all = model.logits(model.states(packer.take()), torch::arange(std::ssize(tokens))).contiguous();
  return {all.data_ptr<float>(), all.data_ptr<float>() + all.numel()};
}

float worst(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float most = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

class Adapters : public Tuning, public testing::WithParamInterface<const char*> {};

TEST_P(Adapters, GiveLibllamaTheLogitsTheyGiveTorchAlsoMerged) {
  LlamaShape shape = tiny_shape();
  shape.architecture = GetParam();
  shape.half_split = shape.architecture != "llama";
  shape.qk_norm = shape.architecture == "qwen3";
  torch::manual_seed(21);
  Llama model(shape, torch::kFloat32);
  const torch::NoGradGuard no_gradients;
  for (const auto& [name, weight] : model.weights())
    if (weight.dim() == 2) weight.mul_(6);
  ASSERT_TRUE(save_model(base_, model, numbered_vocabulary(64), formats::GgufType::kF32, "base"));
  LoraOptions options{.rank = 3, .alpha = 5, .dropout = 0, .rank_stabilised = true, .targets = {}};
  auto tensors = add_adapters(model, options);
  ASSERT_TRUE(tensors);
  EXPECT_EQ(tensors->size(), 2U * 7 * 2);
  const auto tokens = random_tokens(30, 5);
  EXPECT_LT(worst(torch_logits(model, tokens), libllama_logits(base_, {}, tokens)), 1e-3F);  // B is zero
  for (auto& tensor : *tensors) tensor.normal_(0, 0.3);
  const Adapter adapter = adapter_of(model, options);
  const auto file = dir_.path() / "adapter.gguf", merged = dir_.path() / "merged.gguf";
  ASSERT_TRUE(write_adapter_gguf(adapter, "a", file));
  const auto done = merge_adapter(adapter, base_, "", "merged", merged);
  ASSERT_TRUE(done) << done.error().message();
  const auto ours = torch_logits(model, tokens);
  EXPECT_GT(worst(ours, libllama_logits(base_, {}, tokens)), 0.1F);  // it says something
  EXPECT_LT(worst(ours, libllama_logits(base_, file, tokens)), 1e-3F);
  EXPECT_LT(worst(ours, libllama_logits(merged, {}, tokens)), 1e-3F);
}
INSTANTIATE_TEST_SUITE_P(Of, Adapters, testing::Values("llama", "qwen3"),
                         [](const auto& name) { return std::string(name.param); });

TEST_F(Tuning, LearnsTwentyExamplesByHeart) {
  plan_.epochs = 120;
  plan_.batch = 20;
  plan_.lora.rank = 16;
  plan_.rate = 1e-2;
  {
    // With a small last norm no state can make one token certain, however it is trained.
    const auto file = formats::GgufReader::open(base_);
    Llama model = Llama::frozen(tiny_shape(), torch::kFloat32, torch::kFloat32);
    ASSERT_TRUE(load_weights(*file, model));
    for (const auto& [name, weight] : model.weights())
      if (name == "output_norm.weight") torch::Tensor(weight).fill_(8);
    ASSERT_TRUE(save_model(base_, model, numbered_vocabulary(64), formats::GgufType::kF32, "base"));
  }
  const auto where = folder("overfit");
  prepare(where, 20, 0);
  std::vector<double> losses;
  const auto done = run_tune(where,
                             [&](const TuneEvent& event) {
                               if (event.kind == TuneEvent::Kind::kStep) losses.push_back(event.loss);
                             },
                             {});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_GT(losses.front(), 2.0);
  EXPECT_LT(losses.back(), 0.01);
  // The merged model alone answers every prompt.
  for (const Example& example : some_examples(20)) {
    auto tokens = example.prompt;
    tokens.insert(tokens.end(), example.answer.begin(), example.answer.end());
    const auto logits = libllama_logits(where.merged(), {}, tokens);
    for (std::size_t i = 0; i < example.answer.size(); ++i) {
      const auto row = logits.begin() + static_cast<std::ptrdiff_t>(64 * (example.prompt.size() + i - 1));
      EXPECT_EQ(std::max_element(row, row + 64) - row, example.answer[i]) << "row " << example.row;
    }
  }
  EXPECT_NE(read(where.plot()).find("<polyline"), std::string::npos);
  EXPECT_NE(read(where.peft() / "adapter_config.json").find("\"r\":16"), std::string::npos);
}

TEST_F(Tuning, OfAllWeightsLeavesAModelWithTheLogitsThatTorchHas) {
  plan_.full = true;
  plan_.epochs = 30;
  plan_.rate = 3e-3;
  const auto where = folder("full");
  prepare(where, 12, 0);
  std::vector<double> losses;
  const auto done = run_tune(where,
                             [&](const TuneEvent& event) {
                               if (event.kind == TuneEvent::Kind::kStep) losses.push_back(event.loss);
                             },
                             {});
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_LT(losses.back(), 0.5 * losses.front());
  EXPECT_FALSE(std::filesystem::exists(where.adapter()));
  const auto file = formats::GgufReader::open(where.merged());
  ASSERT_TRUE(file) << file.error().message();
  Llama model = Llama::frozen(tiny_shape(), torch::kFloat32, torch::kFloat32);
  ASSERT_TRUE(load_weights(*file, model));
  const auto tokens = random_tokens(20, 9);
  EXPECT_LT(worst(torch_logits(model, tokens), libllama_logits(where.merged(), {}, tokens)), 1e-3F);
  EXPECT_GT(worst(torch_logits(model, tokens), libllama_logits(base_, {}, tokens)), 0.1F);
}

TEST_F(Tuning, HasTheSameLossHoweverExamplesArePacked) {
  plan_.epochs = 2;
  std::vector<std::vector<double>> losses;
  for (const std::int64_t tokens : {1, 300, 100000}) {
    plan_.tokens_at_once = tokens;  // 1: every row alone; then as many rows as there are
    const auto where = folder(fmt::format("packed-{}", tokens));
    prepare(where, 40, 10);
    auto& of = losses.emplace_back();
    ASSERT_TRUE(run_tune(where, [&](const TuneEvent& event) { of.push_back(event.loss); }, {}));
  }
  ASSERT_GT(losses[0].size(), 10U);
  for (std::size_t i = 0; i < losses[0].size(); ++i) {
    EXPECT_NEAR(losses[0][i], losses[1][i], 1e-5) << i;
    EXPECT_NEAR(losses[0][i], losses[2][i], 1e-5) << i;
  }
}

TEST_F(Tuning, GoesOnToTheSameBitsAfterBeingStopped) {
  plan_.epochs = 4;
  plan_.lora.dropout = 0.2;
  const auto whole = folder("whole"), parts = folder("parts");
  prepare(whole, 30, 6);
  prepare(parts, 30, 6);
  ASSERT_TRUE(run_tune(whole, {}, {}));
  for (const std::int64_t end : {3, 7, 12}) {
    std::stop_source stop;
    const auto stopped = run_tune(
        parts,
        [&](const TuneEvent& event) {
          if (event.step >= end) stop.request_stop();
        },
        stop.get_token());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  }
  ASSERT_TRUE(run_tune(parts, {}, {}));
  EXPECT_EQ(adapter_numbers(whole), adapter_numbers(parts));
  // The log tells one run; only speeds differ.
  const auto curve = [](const std::string& log) {
    std::vector<double> losses;
    for (std::size_t at = 0; at < log.size(); at = log.find('\n', at) + 1) {
      const auto event = parse_event(std::string_view(log).substr(at, log.find('\n', at) - at));
      if (event && event->kind == TuneEvent::Kind::kStep) losses.push_back(event->loss);
    }
    return losses;
  };
  EXPECT_EQ(curve(read(whole.log())).size(), 16U);
  EXPECT_EQ(curve(read(whole.log())), curve(read(parts.log())));
}

TEST_F(Tuning, KeepsTheBestAndEndsEarlyWhenValidationGetsNoBetter) {
  plan_.epochs = 200;
  plan_.rate = 2e-2;  // learns by heart soon, which random validation answers cannot gain from
  plan_.patience = 2;
  const auto where = folder("early");
  prepare(where, 16, 8);
  std::int64_t last = 0, best = 0, early = 0;
  double best_loss = 1e9, done_loss = 0;
  ASSERT_TRUE(run_tune(where,
                       [&](const TuneEvent& event) {
                         last = event.step;
                         if (event.kind == TuneEvent::Kind::kEarly) early = event.step;
                         if (event.kind == TuneEvent::Kind::kDone) done_loss = event.loss;
                         if (event.kind != TuneEvent::Kind::kEval) return;
                         EXPECT_EQ(event.best, event.loss < best_loss);
                         if (event.best) best = event.step;
                         best_loss = std::min(best_loss, event.loss);
                       },
                       {}));
  EXPECT_GT(early, 0);
  EXPECT_LT(last, 400);
  EXPECT_EQ(early, best + 2 * 2);  // two evaluations later, two steps an epoch
  EXPECT_EQ(done_loss, best_loss);
}

TEST_F(Tuning, StopsWhereTheLossIsNotFiniteAndNamesTheRows) {
  plan_.epochs = 3;
  const auto where = folder("nan");
  prepare(where, 8, 0);
  // A base with one row of nonsense: the token 5 poisons what has it.
  const auto file = formats::GgufReader::open(base_);
  Llama model = Llama::frozen(tiny_shape(), torch::kFloat32, torch::kFloat32);
  ASSERT_TRUE(load_weights(*file, model));
  auto embedding = model.weights().front().second;
  embedding[some_examples(1)[0].prompt[0]].fill_(std::numeric_limits<float>::quiet_NaN());
  ASSERT_TRUE(save_model(base_, model, numbered_vocabulary(64), formats::GgufType::kF32, "base"));
  const auto done = run_tune(where, {}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kInternal);
  EXPECT_NE(done.error().message().find("not finite at step 1, in the rows 1, 2, 3"), std::string::npos)
      << done.error().message();
}

TEST_F(Tuning, RefusesToGoOnWithOtherOptionsOrOtherData) {
  const auto where = folder("other");
  prepare(where, 8, 0);
  plan_.rate *= 2;
  const auto again = write_plan(plan_, some_examples(8), {}, where, false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(write_plan(plan_, some_examples(8), {}, where, true));
  EXPECT_FALSE(write_plan(plan_, some_examples(9), {}, where, false));
}

TEST_F(Tuning, MeasuresWhatARunWouldTakeAndLeavesNothing) {
  const auto where = folder("trial");
  prepare(where, 8, 0);
  const auto trial = try_tune(where);
  ASSERT_TRUE(trial) << trial.error().message();
  EXPECT_GT(trial->tokens_per_second, 0);
  EXPECT_GT(trial->peak_bytes, 1U << 20);
  EXPECT_EQ(trial->parameters, 4 * 2 * (32 + 64 + 2 * (32 + 32) + 64 + 32 + 3 * (32 + 64)));
  EXPECT_FALSE(std::filesystem::exists(where.checkpoint()));
  EXPECT_FALSE(std::filesystem::exists(where.log()));
}

TEST_F(Tuning, SaysWhichTargetsAModelOfExpertsLacks) {
  LlamaShape shape = tiny_shape();
  shape.experts = 4;
  shape.experts_used = 2;
  Llama model(shape, torch::kFloat32);
  EXPECT_FALSE(
      add_adapters(model, {.rank = 2, .alpha = 4, .dropout = 0, .rank_stabilised = false, .targets = {"ffn_up"}}));
  const auto attention = add_adapters(model, {});
  ASSERT_TRUE(attention);
  EXPECT_EQ(attention->size(), 2U * 4 * 2);
}

}  // namespace
}  // namespace zubr::train
