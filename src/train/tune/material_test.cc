#include "train/tune/material.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/temp_dir.h"
#include "train/corpus.h"
#include "train/vocabulary.h"

namespace zubr::train {
namespace {

// A vocabulary of letters with the built-in model's chat template, as a model file without weights.
std::filesystem::path write_letters(const std::filesystem::path& folder, bool chat) {
  Vocabulary vocabulary;
  const auto add = [&](const std::string& piece, PieceType type) {
    vocabulary.pieces.push_back(piece);
    vocabulary.scores.push_back(0);
    vocabulary.types.push_back(type);
  };
  add("<unk>", PieceType::kUnknown);
  add("<s>", PieceType::kControl);
  add("</s>", PieceType::kControl);
  add("<|user|>", PieceType::kControl);
  add("<|assistant|>", PieceType::kControl);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), PieceType::kByte);
  add("\u2581", PieceType::kNormal);
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c), PieceType::kNormal);
  const std::string word = "\u2581shoes";  // one piece, by way of its beginnings
  for (std::size_t end = 4; end <= word.size(); ++end) add(word.substr(0, end), PieceType::kNormal);
  if (chat) vocabulary.chat_template = kChatTemplate;
  formats::GgufWriter file;
  file.add("general.architecture", "llama");
  file.add("llama.context_length", 64U);
  file.add("llama.embedding_length", 8U);
  file.add("llama.block_count", 1U);
  file.add("llama.attention.head_count", 1U);
  file.add("llama.feed_forward_length", 8U);
  file.add("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  write_vocabulary(vocabulary, file);
  const auto path = folder / (chat ? "chat.gguf" : "plain.gguf");
  EXPECT_TRUE(file.write(path));
  return path;
}

DialogueFile pairs(const std::vector<std::pair<std::string, std::string>>& all) {
  DialogueFile file;
  std::int64_t row = 0;
  for (const auto& [prompt, answer] : all)
    file.dialogues.push_back({++row, {{inference::Role::kUser, prompt}, {inference::Role::kAssistant, answer}}});
  return file;
}

class MaterialTest : public testing::Test {
 protected:
  ExampleMaker maker(bool chat = true) const {
    auto made = ExampleMaker::open(write_letters(dir_.path(), chat));
    EXPECT_TRUE(made) << made.error().message();
    return *made;
  }
  core::TempDir dir_;
};

TEST_F(MaterialTest, AnAnswerIsWhatTheTemplateWritesBehindThePrompt) {
  const auto made = maker().examples(pairs({{"red boots", "shoes"}}).dialogues[0]);
  ASSERT_TRUE(made) << made.error().message();
  ASSERT_EQ(made->size(), 1U);
  const Example& example = made->front();
  EXPECT_EQ(maker().text(example.prompt), "<s><|user|>red boots<|assistant|>");
  EXPECT_EQ(maker().text(example.answer), " shoes</s>");
  EXPECT_EQ(example.answer.size(), 2U);  // the blank of the template belongs to the word
  EXPECT_EQ(example.answer.back(), 2);
}

TEST_F(MaterialTest, TextThatLooksLikeAControlTokenIsText) {
  const auto made = maker().examples(pairs({{"a</s>", "b<|user|>"}}).dialogues[0]);
  ASSERT_TRUE(made) << made.error().message();
  const auto& answer = made->front().answer;
  EXPECT_EQ(std::ranges::count(answer, 3), 0);
  EXPECT_EQ(std::ranges::count(made->front().prompt, 2), 0);
  EXPECT_EQ(answer.back(), 2);
}

TEST_F(MaterialTest, EveryAnswerOfAConversationIsAnExampleAfterAllBeforeIt) {
  Dialogue dialogue{1,
                    {{inference::Role::kUser, "a"},
                     {inference::Role::kAssistant, "b"},
                     {inference::Role::kUser, "c"},
                     {inference::Role::kAssistant, "d"}}};
  const auto made = maker().examples(dialogue);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->size(), 2U);
  EXPECT_EQ(maker().text((*made)[1].prompt), "<s><|user|>a<|assistant|> b</s><|user|>c<|assistant|>");
  EXPECT_EQ(maker().text((*made)[1].answer), " d</s>");
}

TEST_F(MaterialTest, AModelWithoutATemplateGetsPromptAndAnswerOneAfterTheOther) {
  const auto plain = maker(false);
  EXPECT_FALSE(plain.has_template());
  const auto made = plain.examples(pairs({{"which", " shoes"}}).dialogues[0]);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(plain.text(made->front().answer), " shoes</s>");
  Dialogue with_system = pairs({{"a", "b"}}).dialogues[0];
  with_system.messages.insert(with_system.messages.begin(), {inference::Role::kSystem, "s"});
  EXPECT_EQ(plain.examples(with_system).error().code(), ErrorCode::kUnsupported);
}

TEST_F(MaterialTest, OnlyTheAnswerWeighs) {
  const Sample sample = sample_of({1, {5, 6, 7}, {8, 2}, 0});
  EXPECT_EQ(sample.trunk.tokens, (std::vector<TokenId>{5, 6, 7, 8, 2}));
  EXPECT_EQ(sample.trunk.weights, (std::vector<float>{0, 0, 0, 1, 1}));
}

TEST_F(MaterialTest, WhatIsTooLongIsListedAndNeverCut) {
  const auto gathered = gather(maker(), pairs({{"a", "b"}, {std::string(100, 'x'), "c"}}), nullptr, {.max_tokens = 20});
  ASSERT_TRUE(gathered) << gathered.error().message();
  EXPECT_EQ(gathered->train.size(), 1U);
  EXPECT_EQ(gathered->report.too_long, 1);
  ASSERT_EQ(gathered->report.bad.size(), 1U);
  EXPECT_EQ(gathered->report.bad[0].row, 2);
  EXPECT_NE(gathered->report.bad[0].reason.find("tokens, more than the 20"), std::string::npos);
}

TEST_F(MaterialTest, DuplicatesAreLeftOutAndContradictionsCounted) {
  const auto gathered = gather(maker(), pairs({{"a", "x"}, {"a", "x"}, {"a", "y"}, {"b", "x"}, {" A ", "z"}}), nullptr,
                               {.validation_share = 0});
  ASSERT_TRUE(gathered);
  EXPECT_EQ(gathered->train.size(), 4U);
  EXPECT_EQ(gathered->report.duplicates, 1);
  EXPECT_EQ(gathered->report.contradictions, 1);  // of "a", which " A " is too
}

TEST_F(MaterialTest, ValidationNeverHasAPromptThatIsTrainedOn) {
  std::vector<std::pair<std::string, std::string>> all;
  for (int i = 0; i < 200; ++i)
    all.emplace_back(std::string(1, static_cast<char>('a' + i % 26)) + std::string(1, static_cast<char>('a' + i % 5)),
                     std::string(1, static_cast<char>('a' + i % 7)));
  const auto gathered = gather(maker(), pairs(all), nullptr, {.validation_share = 0.2});
  ASSERT_TRUE(gathered);
  EXPECT_GT(gathered->validation.size(), 15U);
  EXPECT_LT(gathered->validation.size(), 70U);
  std::set<std::uint64_t> known;
  for (const Example& example : gathered->train) known.insert(example.key);
  for (const Example& example : gathered->validation) EXPECT_FALSE(known.contains(example.key));
  const auto again = gather(maker(), pairs(all), nullptr, {.validation_share = 0.2});
  EXPECT_EQ(again->validation, gathered->validation);  // the seed decides
}

TEST_F(MaterialTest, LeaksFromAValidationFileAreLeftOut) {
  const auto held = pairs({{"Same  prompt", "x"}});
  const auto gathered = gather(maker(), pairs({{"same prompt", "y"}, {"other", "z"}}), &held, {});
  ASSERT_TRUE(gathered);
  EXPECT_EQ(gathered->report.leaks, 1);
  EXPECT_EQ(gathered->train.size(), 1U);
  EXPECT_EQ(gathered->validation.size(), 1U);
}

TEST_F(MaterialTest, NothingLeftIsAnErrorThatSaysWhy) {
  const auto gathered = gather(maker(), pairs({{std::string(100, 'x'), "c"}}), nullptr, {.max_tokens = 20});
  ASSERT_FALSE(gathered);
  EXPECT_NE(gathered.error().message().find("more than the 20"), std::string::npos) << gathered.error().message();
}

}  // namespace
}  // namespace zubr::train
