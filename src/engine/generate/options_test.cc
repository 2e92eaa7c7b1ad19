// Generations with a quantised cache, with adapters, and with a draft model.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <thread>

#include "core/temp_dir.h"
#include "engine/engine.h"
#include "engine/llama/random_adapter.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::GenerateRequest;
using inference::Generation;

constexpr const char* kStories = "stories260K-f32.gguf";

Result<std::unique_ptr<Engine>> open(const std::string& file, const RunOptions& run) {
  ModelOptions options;
  options.path = test_model(file);
  options.threads = 1;
  return Engine::open(options, run);
}

GenerateRequest greedy(std::string prompt, int max_tokens) {
  GenerateRequest request;
  request.raw_prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  return request;
}

class EngineOptionsTest : public testing::Test {
 protected:
  void SetUp() override { ZUBR_NEED_TEST_DATA(); }
};

TEST_F(EngineOptionsTest, AnswersFromAQuantisedCache) {
  const std::filesystem::path model = "assets/models/built-in.gguf";  // its heads have 64 numbers
  if (!std::filesystem::exists(model)) GTEST_SKIP() << model << " is not here; run from the project's root";
  const auto answer = [&](CacheType cache) {
    ModelOptions options;
    options.path = model;
    options.threads = 1;
    const auto engine = Engine::open(options, {.cache = cache});
    EXPECT_TRUE(engine) << engine.error().message();
    GenerateRequest request = greedy("", 16);
    request.raw_prompt = "The capital of France is";
    auto said = (*engine)->generate(request, {}, {});
    EXPECT_TRUE(said) << said.error().message();
    return said ? said->text : std::string();
  };
  const std::string plain = answer(CacheType::kF16);
  ASSERT_GT(plain.size(), 8u);
  EXPECT_EQ(answer(CacheType::kQ8_0).substr(0, 8), plain.substr(0, 8));
  EXPECT_FALSE(answer(CacheType::kQ4_0).empty());
}

TEST_F(EngineOptionsTest, RefusesAQuantisedCacheThatCannotBe) {
  const auto without = open(kStories, {.cache = CacheType::kQ8_0, .flash = FlashAttention::kOff});
  ASSERT_TRUE(without);
  EXPECT_EQ((*without)->generate(greedy("Once", 4), {}, {}).error().code(), ErrorCode::kInvalidArgument);
  const auto narrow = open(kStories, {.cache = CacheType::kQ8_0});  // heads of 8 numbers
  ASSERT_TRUE(narrow);
  EXPECT_EQ((*narrow)->generate(greedy("Once", 4), {}, {}).error().code(), ErrorCode::kUnsupported);
}

TEST_F(EngineOptionsTest, AnswersTheSameWithAndWithoutFlashAttention) {
  std::vector<std::string> answers;
  for (const auto flash : {FlashAttention::kAuto, FlashAttention::kOn, FlashAttention::kOff}) {
    const auto engine = open(kStories, {.flash = flash});
    ASSERT_TRUE(engine);
    const auto answer = (*engine)->generate(greedy("Once upon a time", 24), {}, {});
    ASSERT_TRUE(answer) << answer.error().message();
    answers.push_back(answer->text);
  }
  EXPECT_EQ(answers, std::vector<std::string>(3, answers[0]));
}

// The model with some of its last weights changed: it agrees with itself sometimes.
std::filesystem::path write_relative(const std::filesystem::path& model, const std::filesystem::path& to) {
  std::ifstream in(model, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t at = bytes.size() / 4 * 4 - 40'000; at + 4 <= bytes.size(); at += 4) {
    float weight = 0;
    std::memcpy(&weight, bytes.data() + at, sizeof weight);
    weight *= at % 3 == 0 ? 1.6f : 0.7f;
    std::memcpy(bytes.data() + at, &weight, sizeof weight);
  }
  std::ofstream(to, std::ios::binary) << bytes;
  return to;
}

TEST_F(EngineOptionsTest, AnswersTheSameWithADraftModel) {
  const core::TempDir dir;
  const auto relative = write_relative(test_model(kStories), dir.path() / "relative.gguf");
  const std::vector<std::string> prompts = {"Once upon a time", "Lily and Tom", "The sun was", "A cat sat on"};
  const auto plain = open(kStories, {});
  ASSERT_TRUE(plain);
  for (const auto& draft : {test_model(kStories), relative}) {
    for (const int drafts : {1, 4, 9}) {
      const auto engine = open(kStories, {.draft = draft, .drafts = drafts});
      ASSERT_TRUE(engine) << engine.error().message();
      std::vector<std::string> answers(prompts.size());
      {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < prompts.size(); ++i) {
          threads.emplace_back([&, i] {
            const auto answer = (*engine)->generate(greedy(prompts[i], 60), {}, {});
            answers[i] = answer ? answer->text : answer.error().message();
          });
        }
      }
      for (std::size_t i = 0; i < prompts.size(); ++i)
        EXPECT_EQ(answers[i], (*plain)->generate(greedy(prompts[i], 60), {}, {})->text) << draft << " " << drafts;
    }
  }
}

TEST_F(EngineOptionsTest, RefusesADraftModelOfAnotherVocabulary) {
  for (const char* other : {"tinytalk-3m-q4_0.gguf", "aidreams260K-f32.gguf"}) {  // of another size, of the same
    const auto refused = open(kStories, {.draft = test_model(other)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(open(kStories, {.draft = "nowhere.gguf"}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(open(kStories, {.draft = test_model(kStories), .drafts = 100}).error().code(), ErrorCode::kInvalidArgument);
}

class AdapterTest : public EngineOptionsTest {
 protected:
  void SetUp() override {
    EngineOptionsTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(write_random_adapter(dir_.path() / "strong.gguf", 5, 64, 0.35f, 1));
    ASSERT_TRUE(write_random_adapter(dir_.path() / "other.gguf", 5, 64, 0.35f, 2));
    ASSERT_TRUE(write_random_adapter(dir_.path() / "wide.gguf", 5, 128, 0.35f, 3));
    std::ofstream(dir_.path() / "text.gguf") << "no adapter";
    run_.adapters = {{"strong", dir_.path() / "strong.gguf"},
                     {"other", dir_.path() / "other.gguf"},
                     {"wide", dir_.path() / "wide.gguf"},
                     {"text", dir_.path() / "text.gguf"},
                     {"gone", dir_.path() / "gone.gguf"}};
  }

  static GenerateRequest with(std::vector<inference::AdapterChoice> adapters) {
    auto request = greedy("Once upon a time, there was a little girl named Lily", 24);
    request.adapters = std::move(adapters);
    return request;
  }

  core::TempDir dir_;
  RunOptions run_;
};

TEST_F(AdapterTest, AnswersEveryRequestWithItsOwnAdapters) {
  const std::vector<std::vector<inference::AdapterChoice>> sets = {
      {}, {{"strong", 1}}, {{"other", 1}}, {{"strong", 1}, {"other", 1.5f}}};
  std::vector<std::string> alone;
  for (const auto& set : sets) {
    const auto engine = open(kStories, run_);
    ASSERT_TRUE(engine);
    const auto answer = (*engine)->generate(with(set), {}, {});
    ASSERT_TRUE(answer) << answer.error().message();
    alone.push_back(answer->text);
  }
  EXPECT_NE(alone[0], alone[1]);
  EXPECT_NE(alone[1], alone[2]);
  EXPECT_NE(alone[1], alone[3]);
  // All at once, twice: no set sees another one's cache.
  const auto engine = open(kStories, run_);
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> together(sets.size());
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < sets.size(); ++i)
        threads.emplace_back([&, i] { together[i] = (*engine)->generate(with(sets[i]), {}, {})->text; });
    }
    EXPECT_EQ(together, alone);
  }
  EXPECT_EQ((*engine)->generate(with({{"strong", 0}}), {}, {})->text, alone[0]);
}

TEST_F(AdapterTest, RefusesWhatIsNoAdapterOfThisModel) {
  const auto engine = open(kStories, run_);
  const auto code = [&](std::vector<inference::AdapterChoice> adapters) {
    const auto answer = (*engine)->generate(with(std::move(adapters)), {}, {});
    return answer ? ErrorCode::kInternal : answer.error().code();
  };
  EXPECT_EQ(code({{"nobody", 1}}), ErrorCode::kNotFound);
  EXPECT_EQ(code({{"gone", 1}}), ErrorCode::kNotFound);
  EXPECT_EQ(code({{"wide", 1}}), ErrorCode::kCorrupt);
  EXPECT_EQ(code({{"text", 1}}), ErrorCode::kCorrupt);
  EXPECT_EQ(code({{"strong", 1}, {"strong", 1}}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({{"strong", std::numeric_limits<float>::infinity()}}), ErrorCode::kInvalidArgument);
  EXPECT_TRUE((*engine)->generate(with({{"strong", 1}}), {}, {}));
}

}  // namespace
}  // namespace zubr::engine
