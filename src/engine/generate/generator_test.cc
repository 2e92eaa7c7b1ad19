#include "engine/generate/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <future>
#include <thread>

#include "engine/llama/context.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::Event;
using inference::FinishReason;
using inference::GenerateRequest;
using inference::Generation;
using inference::TextDelta;

constexpr const char* kStories = "stories260K-f32.gguf";
constexpr const char* kTalk = "tinytalk-3m-q4_0.gguf";

GenerateRequest greedy(std::string prompt, int max_tokens) {
  GenerateRequest request;
  request.raw_prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  return request;
}

Result<Generation> run(Generator& generator, const Model& model, const GenerateRequest& request,
                       const inference::EventSink& sink = {}, std::stop_token stop = {}) {
  ZUBR_TRY(prompt, model.tokenizer().tokenize(*request.raw_prompt, {.add_special = true, .parse_special = true}));
  return generator.generate(std::move(prompt), request, sink, stop);
}

class GeneratorTest : public testing::Test {
 protected:
  void SetUp() override { ZUBR_NEED_TEST_DATA(); }

  void load(const std::string& file, GeneratorOptions options = {}, int context = 0) {
    ModelOptions wanted;
    wanted.path = test_model(file);
    wanted.threads = 1;
    wanted.context_tokens = context;
    auto loaded = Model::load(wanted);
    ASSERT_TRUE(loaded) << loaded.error().message();
    model_ = *std::move(loaded);
    generator_ = std::make_unique<Generator>(model_, options);
  }
  void TearDown() override { generator_.reset(); }
  Result<Generation> generate(const GenerateRequest& request, const inference::EventSink& sink = {},
                              std::stop_token stop = {}) {
    return run(*generator_, *model_, request, sink, stop);
  }

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Generator> generator_;
};

// How far the most probable token is ahead of the second one, in logits, after these tokens.
float lead_after(const std::shared_ptr<const Model>& model, const Tokens& tokens) {
  const auto context = Context::create(model, {.cells = 512});
  Batch batch;
  for (std::size_t i = 0; i < tokens.size(); ++i) batch.add(tokens[i], static_cast<int>(i), 0, i + 1 == tokens.size());
  EXPECT_TRUE((*context)->decode(batch, {}));
  const auto row = (*context)->logits(batch.size() - 1);
  std::vector<float> logits(row.begin(), row.end());
  std::ranges::partial_sort(logits, logits.begin() + 2, std::greater<>());
  return logits[0] - logits[1];
}

TEST_F(GeneratorTest, AnswersGreedilyAsTheReferenceDoes) {
  std::ifstream file(test_data() / "models/greedy_reference.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto reference = boost::json::parse(text);
  std::string loaded;
  int near_ties = 0;
  for (const auto& entry : reference.at("cases").as_array()) {
    const std::string name(entry.at("model").as_string());
    const std::string prompt(entry.at("prompt").as_string());
    SCOPED_TRACE(name + ": " + prompt);
    if (name != loaded) load(name);
    loaded = name;
    const auto max_tokens = static_cast<int>(entry.at("max_tokens").as_int64());
    std::string streamed;
    const auto answer = generate(greedy(prompt, max_tokens), [&](const Event& event) {
      if (const auto* delta = std::get_if<TextDelta>(&event)) streamed += delta->text;
    });
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(streamed, answer->text);
    EXPECT_GT(answer->usage.prompt_tokens, 0);
    EXPECT_LE(answer->usage.completion_tokens, max_tokens);
    EXPECT_GT(answer->completion_time.count(), 0);
    const std::string expected(entry.at("output").as_string());
    if (answer->text != expected && name.find("q4_0") != std::string::npos) {
      // The reference was computed by an older llama.cpp, and 4-bit kernels round differently from version to version
      // and processor to processor. Two tokens that are nearly as probable may change places, once.
      const auto common = std::ranges::mismatch(answer->text, expected).in1 - answer->text.begin();
      // The space belongs to the word after it.
      const std::string shared = expected.substr(0, expected.substr(0, static_cast<std::size_t>(common)).rfind(' '));
      const auto tokens = model_->tokenizer().tokenize(prompt + shared, {.add_special = true, .parse_special = true});
      EXPECT_LT(lead_after(model_, *tokens), 0.4) << answer->text << " instead of " << expected;
      EXPECT_EQ(++near_ties, 1);
      continue;
    }
    EXPECT_EQ(answer->text, expected);
    EXPECT_EQ(answer->finish == FinishReason::kLength ? "length" : "stop", std::string(entry.at("finish").as_string()));
  }
}

TEST_F(GeneratorTest, RepeatsItselfWithTheSameSeedOnly) {
  load(kStories);
  GenerateRequest request = greedy("Once upon a time", 40);
  request.sampling.temperature = 1.5;
  request.sampling.seed = 7;
  const auto first = generate(request);
  const auto again = generate(request);
  request.sampling.seed = 8;
  const auto other = generate(request);
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first->text, again->text);
  EXPECT_NE(first->text, other->text);
}

TEST_F(GeneratorTest, EndsBeforeAStopStringThatTokensSplit) {
  load(kStories);
  const auto whole = generate(greedy("Once upon a time", 40));
  ASSERT_TRUE(whole);
  const auto at = whole->text.find("named Lily");
  ASSERT_NE(at, std::string::npos) << whole->text;
  GenerateRequest request = greedy("Once upon a time", 40);
  request.stop = {"med Lil"};  // begins and ends inside of tokens
  std::vector<std::string> pieces;
  const auto cut = generate(request, [&](const Event& event) {
    if (const auto* delta = std::get_if<TextDelta>(&event)) pieces.push_back(delta->text);
  });
  ASSERT_TRUE(cut) << cut.error().message();
  EXPECT_EQ(cut->text, whole->text.substr(0, at + 2));
  EXPECT_EQ(cut->finish, FinishReason::kStop);
  std::string streamed;
  for (const auto& piece : pieces) streamed += piece;
  EXPECT_EQ(streamed, cut->text);
  EXPECT_LT(cut->usage.completion_tokens, whole->usage.completion_tokens);
}

TEST_F(GeneratorTest, StreamsWholeCharactersWhenTokensAreBytes) {
  load(kStories);  // writes what its 512 tokens lack byte by byte
  GenerateRequest request = greedy("Once upon a time", 60);
  request.json_schema = R"({"enum":["zażółć gęślą jaźń 🐻"]})";
  int pieces = 0;
  std::string streamed;
  const auto answer = generate(request, [&](const Event& event) {
    const auto* delta = std::get_if<TextDelta>(&event);
    if (delta == nullptr) return;
    EXPECT_TRUE(is_valid_utf8(delta->text));
    streamed += delta->text;
    ++pieces;
  });
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->text, "\"zażółć gęślą jaźń 🐻\"");
  EXPECT_EQ(streamed, answer->text);
  EXPECT_GT(pieces, 10);
  EXPECT_LT(pieces, answer->usage.completion_tokens);  // some characters took several tokens
}

TEST_F(GeneratorTest, HonoursMaxTokensAndCountsThem) {
  load(kStories);
  for (const int limit : {0, 1, 5}) {
    const auto answer = generate(greedy("Once upon a time", limit));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->usage.completion_tokens, limit);
    EXPECT_EQ(answer->finish, FinishReason::kLength);
  }
}

TEST_F(GeneratorTest, EndsWithLengthWhenTheContextIsFull) {
  load(kTalk);  // 256 tokens
  GenerateRequest request = greedy("User: Tell me a story.\nBot:", -1);
  request.json_schema = R"({"type":"array","items":{"enum":["a"]},"minItems":1000,"maxItems":1000})";
  const auto answer = generate(request);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->finish, FinishReason::kLength);
  EXPECT_EQ(answer->usage.prompt_tokens + answer->usage.completion_tokens, generator_->context_tokens() + 1);
}

TEST_F(GeneratorTest, RefusesAPromptThatIsTooLongWithBothNumbers) {
  load(kTalk);
  std::string prompt;
  for (int i = 0; i < 400; ++i) prompt += " dog";
  const auto answer = generate(greedy(prompt, 10));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kTooLarge);
  EXPECT_NE(answer.error().message().find("400"), std::string::npos) << answer.error().message();
  EXPECT_NE(answer.error().message().find("256"), std::string::npos) << answer.error().message();
}

TEST_F(GeneratorTest, RefusesRequestsThatCannotBeHonouredBeforeAnyEvent) {
  load(kStories);
  int events = 0;
  const auto refused = [&](auto change) {
    GenerateRequest request = greedy("Once", 5);
    change(request);
    const auto answer = generate(request, [&](const Event&) { ++events; });
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument) << answer.error().message();
  };
  refused([](auto& r) { r.sampling.temperature = -1; });
  refused([](auto& r) { r.sampling.temperature = std::nan(""); });
  refused([](auto& r) { r.sampling.top_p = 2; });
  refused([](auto& r) { r.sampling.repeat_penalty = 0; });
  refused([](auto& r) { r.max_tokens = -2; });
  refused([](auto& r) { r.stop = {""}; });
  refused([](auto& r) { r.stop = std::vector<std::string>(1000, "x"); });
  refused([](auto& r) { r.json_schema = R"({"type":"strin"})"; });
  refused([](auto& r) { r.json_schema = std::string(1 << 20, '['); });
  refused([](auto& r) { r.raw_prompt = "\xff\xfe"; });
  EXPECT_EQ(events, 0);
}

TEST_F(GeneratorTest, ReusesTheBeginningOfAnEarlierPrompt) {
  load(kStories);
  const std::string story = "Once upon a time, there was a little girl named Lily. She loved to play outside";
  const auto first = generate(greedy(story, 10));
  const auto longer = generate(greedy(story + first->text, 10));
  ASSERT_TRUE(first && longer);
  EXPECT_EQ(first->usage.cached_prompt_tokens, 0);
  EXPECT_GT(longer->usage.cached_prompt_tokens, 20);
  load(kStories);
  const auto fresh = generate(greedy(story + first->text, 10));
  EXPECT_EQ(fresh->text, longer->text);
}

TEST_F(GeneratorTest, AnswersEightAtOnceAsItAnswersEachAlone) {
  const std::vector<std::string> prompts = {"Once upon a time",
                                            "Lily and Tom",
                                            "One day, a little dog",
                                            "The sun was",
                                            "There was a big tree",
                                            "Tim had a red ball",
                                            "A cat sat",
                                            "Mom said"};
  load(kStories, {.parallel = 1});
  std::vector<std::string> alone;
  for (const auto& prompt : prompts) alone.push_back(generate(greedy(prompt, 48))->text);
  load(kStories, {.parallel = 4, .step_tokens = 16, .prompt_beside = 4});
  std::vector<std::string> together(prompts.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < 3; ++round) {
          const auto answer = generate(greedy(prompts[i], 48));
          together[i] = answer ? answer->text : answer.error().message();
        }
      });
    }
  }
  EXPECT_EQ(together, alone);
}

TEST_F(GeneratorTest, StopsWithinAStepWhenAsked) {
  load(kStories);
  std::stop_source source;
  int pieces = 0;
  const auto answer = generate(
      greedy("Once upon a time", 400),
      [&](const Event& event) {
        if (std::holds_alternative<TextDelta>(event) && ++pieces == 3) source.request_stop();
      },
      source.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(pieces, 3);
  // The engine is as good as before.
  EXPECT_TRUE(generate(greedy("Once upon a time", 5)));
}

TEST_F(GeneratorTest, DoesNotBeginWhenStoppedBefore) {
  load(kStories);
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(generate(greedy("Once", 5), {}, source.get_token()).error().code(), ErrorCode::kCancelled);
}

TEST_F(GeneratorTest, PassesOnWhatASinkThrowsAndGoesOn) {
  load(kStories);
  EXPECT_THROW((void)generate(greedy("Once upon a time", 50), [](const Event&) { throw std::runtime_error("full"); }),
               std::runtime_error);
  EXPECT_TRUE(generate(greedy("Once upon a time", 5)));
}

TEST_F(GeneratorTest, RefusesMoreThanTheQueueHolds) {
  load(kStories, {.parallel = 1, .waiting = 1});
  std::atomic<int> unavailable = 0, answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        const auto answer = generate(greedy("Once upon a time", 200));
        if (answer) ++answered;
        if (!answer && answer.error().code() == ErrorCode::kUnavailable) ++unavailable;
      });
    }
  }
  EXPECT_EQ(answered + unavailable, 12);
  EXPECT_GT(unavailable, 0);
  EXPECT_GT(answered, 0);
}

TEST_F(GeneratorTest, EndsWhatRunsWhenItIsUnloaded) {
  load(kStories);
  std::promise<void> running;
  std::atomic<bool> told = false;
  Result<Generation> answer = fail(ErrorCode::kInternal, "not run");
  std::jthread thread([&] {
    GenerateRequest request = greedy("Once upon a time", -1);
    request.json_schema = R"({"type":"array","items":{"enum":["a"]},"minItems":1000,"maxItems":1000})";
    answer = generate(request, [&](const Event& event) {
      if (std::holds_alternative<TextDelta>(event) && !told.exchange(true)) running.set_value();
    });
  });
  running.get_future().wait();
  generator_->stop();
  thread.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kCancelled);
}

// Sixteen at once with the same beginning of a thousand tokens: it goes through the model once, and every answer is
// what it is alone.
TEST_F(GeneratorTest, EvaluatesASharedBeginningOnceForAllThatRunAtTheSameTime) {
  std::string shared = "Once upon a time, there was a little girl named Lily.";
  for (int i = 0; i < 40; ++i) shared += " She loved to play outside in the sun with her red ball and her big dog.";
  const auto prompt = [&](int i) { return shared + fmt::format(" One day, {} cats came to her.", i + 2); };
  load(kStories, {.parallel = 1, .kept = 0}, 2048);
  std::vector<std::string> alone;
  for (int i = 0; i < 16; ++i) alone.push_back(generate(greedy(prompt(i), 8))->text);
  const auto size = [&](const std::string& text) {
    return std::ssize(*model_->tokenizer().tokenize(text, {.add_special = true}));
  };

  load(kStories, {.parallel = 16}, 2048);
  std::vector<std::string> together(16);
  std::atomic<std::int64_t> evaluated = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&, i] {
        const auto answer = generate(greedy(prompt(i), 8));
        together[static_cast<std::size_t>(i)] = answer ? answer->text : answer.error().message();
        if (answer) evaluated += answer->usage.prompt_tokens - answer->usage.cached_prompt_tokens;
      });
    }
  }
  EXPECT_EQ(together, alone);
  const std::int64_t own = size(prompt(0)) - size(shared) + 2;  // a cut may fall into a word
  EXPECT_GT(size(shared), 1000);
  EXPECT_LE(generator_->counts().evaluated_prompt_tokens, static_cast<std::uint64_t>(size(shared) + 16 * own));
  EXPECT_EQ(evaluated, static_cast<std::int64_t>(generator_->counts().evaluated_prompt_tokens));
  RecordProperty("prompt_tokens", static_cast<int>(generator_->counts().prompt_tokens));
  RecordProperty("evaluated_prompt_tokens", static_cast<int>(generator_->counts().evaluated_prompt_tokens));
}

TEST_F(GeneratorTest, RefusesAPromptThatDoesNotFitTheContextOfItsRequest) {
  load(kStories);
  auto request = greedy("Once upon a time, there was a little girl named Lily", 100);
  request.context_tokens = 8;
  const auto refused = generate(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kTooLarge);
  EXPECT_NE(refused.error().message().find("has 15 tokens"), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find("has 8;"), std::string::npos) << refused.error().message();
  request.context_tokens = 20;
  const auto answer = generate(request);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->finish, FinishReason::kLength);
  EXPECT_EQ(answer->usage.prompt_tokens + answer->usage.completion_tokens, 20 + 1);
  request.context_tokens = 1 << 20;  // more than there is
  EXPECT_TRUE(generate(request));
}

TEST_F(GeneratorTest, EndsAtTheDeadline) {
  load(kStories);
  auto late = greedy("Once upon a time", 20);
  late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_EQ(generate(late).error().code(), ErrorCode::kTimeout);
  // While it runs, or before: the 500 tokens that fit would take longer.
  auto slow = greedy("Once upon a time", -1);
  slow.json_schema = R"({"type":"array","items":{"enum":["a"]},"minItems":1000,"maxItems":1000})";
  slow.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  EXPECT_EQ(generate(slow).error().code(), ErrorCode::kTimeout);
  EXPECT_EQ(generator_->counts().running, 0);
}

// With one place to run in, and one who would hold it for long: when they go, the next one gets it at once.
TEST_F(GeneratorTest, GivesThePlaceOfAClientThatWentAwayToTheNextOne) {
  load(kStories, {.parallel = 1});
  std::stop_source gone;
  std::promise<void> running;
  std::jthread endless([&] {
    auto request = greedy("Once upon a time", -1);
    request.json_schema = R"({"type":"array","items":{"enum":["a"]},"minItems":1000,"maxItems":1000})";
    bool told = false;
    const auto answer = generate(
        request,
        [&](const Event&) {
          if (std::exchange(told, true)) return;
          running.set_value();
          while (!gone.stop_requested()) std::this_thread::yield();
        },
        gone.get_token());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kCancelled);
  });
  running.get_future().wait();
  Result<Generation> next = fail(ErrorCode::kInternal, "not run");
  std::jthread waiting([&] { next = generate(greedy("Lily", 3)); });
  gone.request_stop();
  waiting.join();
  EXPECT_TRUE(next) << next.error().message();
}

// A draft model that is the model itself is always right: with four guesses a step says five tokens.
TEST_F(GeneratorTest, AcceptsWhatAPerfectDraftModelGuesses) {
  load(kStories, {.draft = load_test_model(kStories, 1), .drafts = 4});
  const auto answer = generate(greedy("Once upon a time", 60));
  ASSERT_TRUE(answer) << answer.error().message();
  const auto counts = generator_->counts();
  EXPECT_GE(counts.drafted_tokens, 40u);
  EXPECT_GE(counts.accepted_tokens + 4, counts.drafted_tokens);
  EXPECT_LE(counts.steps, 1u + 60 / 5 + 2);
  EXPECT_EQ(answer->usage.completion_tokens, 60);
}

TEST_F(GeneratorTest, TellsHowFarThePromptIs) {
  load(kStories, {.parallel = 1, .step_tokens = 8});
  std::vector<std::int64_t> evaluated;
  const auto answer =
      generate(greedy("Once upon a time, there was a little girl named Lily", 1), [&](const Event& event) {
        if (const auto* progress = std::get_if<inference::PromptProgress>(&event))
          evaluated.push_back(progress->evaluated_tokens);
      });
  ASSERT_TRUE(answer);
  ASSERT_GT(evaluated.size(), 1u);
  EXPECT_TRUE(std::ranges::is_sorted(evaluated));
  EXPECT_EQ(evaluated.back(), answer->usage.prompt_tokens);
}

}  // namespace
}  // namespace zubr::engine
