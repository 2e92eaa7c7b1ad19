// What a request may ask for beyond text: probabilities, biases, tokens, and what stands after the answer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/chat/prompt.h"
#include "engine/engine.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::GenerateRequest;
using inference::Role;

class AnswerOptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    ModelOptions options;
    options.path = test_model("tinytalk-3m-q4_0.gguf");
    options.threads = 1;
    auto opened = Engine::open(options);
    ASSERT_TRUE(opened) << opened.error().message();
    engine_ = std::move(*opened);
    request_.messages = {{Role::kUser, "I bought a new dog today!"}};
    request_.sampling.temperature = 0;
    request_.max_tokens = 8;
  }

  std::unique_ptr<Engine> engine_;
  GenerateRequest request_;
};

TEST_F(AnswerOptionsTest, SaysHowProbableItsTokensWere) {
  request_.top_logprobs = 3;
  std::vector<inference::TokenLogprobs> streamed;
  const auto answer =
      engine_->generate(request_,
                        [&](const inference::Event& event) {
                          if (const auto* delta = std::get_if<inference::TextDelta>(&event))
                            streamed.insert(streamed.end(), delta->logprobs.begin(), delta->logprobs.end());
                        },
                        {});
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(answer->logprobs.size(), 8u);
  EXPECT_EQ(streamed.size(), 8u);
  std::string text;
  for (const auto& token : answer->logprobs) {
    text += token.bytes;
    ASSERT_EQ(token.top.size(), 3u);
    EXPECT_EQ(token.top[0].token, token.token) << "temperature 0 takes the most probable one";
    EXPECT_EQ(token.top[0].log_prob, token.log_prob);
    EXPECT_GE(token.top[0].log_prob, token.top[1].log_prob);
    EXPECT_GE(token.top[1].log_prob, token.top[2].log_prob);
    EXPECT_LE(std::exp(token.top[0].log_prob) + std::exp(token.top[1].log_prob), 1.0001);
  }
  EXPECT_NE(text.find("That's great!"), std::string::npos) << text;
}

TEST_F(AnswerOptionsTest, GivesNoProbabilitiesOfAStopString) {
  request_.top_logprobs = 0;
  request_.stop = {" great"};
  const auto answer = engine_->generate(request_, {}, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->stop, " great");
  std::string text;
  for (const auto& token : answer->logprobs) text += token.bytes;
  EXPECT_EQ(text, answer->text);
}

TEST_F(AnswerOptionsTest, FollowsABias) {
  const auto plain = engine_->generate(request_, {}, {});
  request_.top_logprobs = 0;
  const auto first = engine_->generate(request_, {}, {})->logprobs.front().token;
  request_.sampling.logit_bias = {{first, -std::numeric_limits<float>::infinity()}};
  const auto biased = engine_->generate(request_, {}, {});
  ASSERT_TRUE(biased) << biased.error().message();
  EXPECT_NE(biased->logprobs.front().token, first);
  EXPECT_NE(biased->text, plain->text);
  request_.sampling.logit_bias = {{first, 100.0f}};
  const auto forced = engine_->generate(request_, {}, {});
  ASSERT_TRUE(forced);
  for (const auto& token : forced->logprobs) EXPECT_EQ(token.token, first);
  request_.sampling.logit_bias = {{1 << 30, 1.0f}};
  EXPECT_EQ(engine_->generate(request_, {}, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(AnswerOptionsTest, TakesAPromptAsTokens) {
  const auto prompt = engine_->render(request_);
  ASSERT_TRUE(prompt) << prompt.error().message();
  EXPECT_EQ(prompt->text, "User: I bought a new dog today!\nBot:");
  const auto tokens = engine_->tokenize({.text = prompt->text});
  ASSERT_TRUE(tokens);
  EXPECT_EQ(*tokens, prompt->tokens);
  EXPECT_EQ(*engine_->detokenize(*tokens), prompt->text);
  GenerateRequest by_tokens = request_;
  by_tokens.messages.clear();
  by_tokens.prompt_tokens = *tokens;
  EXPECT_EQ(engine_->generate(by_tokens, {}, {})->text, engine_->generate(request_, {}, {})->text);
  by_tokens.prompt_tokens = {{-1}};
  EXPECT_EQ(engine_->generate(by_tokens, {}, {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(engine_->detokenize(std::vector<std::int32_t>{1 << 30}).error().code(), ErrorCode::kInvalidArgument);
  by_tokens.prompt_tokens = *tokens;
  by_tokens.raw_prompt = "and text";
  EXPECT_EQ(engine_->generate(by_tokens, {}, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(AnswerOptionsTest, FillsAMiddleOnlyWithTokensForIt) {
  EXPECT_FALSE(engine_->info().can_infill);
  GenerateRequest request;
  request.raw_prompt = "int main() {";
  request.suffix = "}";
  const auto refused = engine_->generate(request, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported);
  request.raw_prompt.reset();
  EXPECT_EQ(engine_->generate(request, {}, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Infill, PutsPrefixAndSuffixBeforeTheMiddle) {
  ZUBR_NEED_TEST_DATA();
  const auto file = test_data() / "llamacpp-vocab" / "ggml-vocab-starcoder.gguf";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  const auto model = Model::load_vocabulary(file);
  ASSERT_TRUE(model) << model.error().message();
  GenerateRequest request;
  request.raw_prompt = "def f(): <fim_middle>";
  request.suffix = "return x";
  const PromptBuilder builder(*model);
  const auto tokens = builder.build(request);
  ASSERT_TRUE(tokens) << tokens.error().message();
  EXPECT_EQ((*model)->tokenizer().detokenize(tokens->tokens, true),
            "<fim_prefix>def f(): <fim_middle><fim_suffix>return x<fim_middle>");
  EXPECT_EQ(std::ranges::count(tokens->tokens, (*model)->tokenizer().infill_middle()), 1) << "what is text stays text";
}

TEST_F(AnswerOptionsTest, SaysWhatItsFileIs) {
  const auto info = engine_->info();
  EXPECT_EQ(info.architecture, "gpt2");
  EXPECT_EQ(info.quantization, "Q4_0");
  EXPECT_GT(info.parameters, 1'000'000);
  EXPECT_EQ(info.embedding_length, 128);
  EXPECT_NE(info.chat_template.find("User:"), std::string::npos);
  EXPECT_EQ(info.end_token, "<|endoftext|>");
}

}  // namespace
}  // namespace zubr::engine
