#include "engine/generate/generator.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <thread>

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

  void load(const std::string& file, GeneratorOptions options = {}) {
    model_ = load_test_model(file);
    generator_ = std::make_unique<Generator>(model_, options);
  }
  Result<Generation> generate(const GenerateRequest& request, const inference::EventSink& sink = {},
                              std::stop_token stop = {}) {
    return run(*generator_, *model_, request, sink, stop);
  }

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Generator> generator_;
};

TEST_F(GeneratorTest, AnswersGreedilyAsTheReferenceDoes) {
  std::ifstream file(test_data() / "models/greedy_reference.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto reference = boost::json::parse(text);
  std::string loaded;
  for (const auto& entry : reference.at("cases").as_array()) {
    const std::string name(entry.at("model").as_string());
    SCOPED_TRACE(name + ": " + std::string(entry.at("prompt").as_string()));
    if (name != loaded) load(name);
    loaded = name;
    const auto max_tokens = static_cast<int>(entry.at("max_tokens").as_int64());
    std::string streamed;
    const auto answer = generate(greedy(std::string(entry.at("prompt").as_string()), max_tokens), [&](const Event& event) {
      if (const auto* delta = std::get_if<TextDelta>(&event)) streamed += delta->text;
    });
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->text, std::string(entry.at("output").as_string()));
    EXPECT_EQ(streamed, answer->text);
    EXPECT_EQ(answer->finish == FinishReason::kLength ? "length" : "stop", std::string(entry.at("finish").as_string()));
    EXPECT_GT(answer->usage.prompt_tokens, 0);
    EXPECT_LE(answer->usage.completion_tokens, max_tokens);
    EXPECT_GT(answer->completion_time.count(), 0);
  }
}

}  // namespace
}  // namespace zubr::engine
