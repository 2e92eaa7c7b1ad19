#include "train/vocabulary.h"

#include <gtest/gtest.h>

#include <random>

#include "core/temp_dir.h"
#include "engine/llama/model.h"

namespace zubr::train {
namespace {

// Letters, three merges, bytes: enough for every rule.
Vocabulary small_vocabulary() {
  Vocabulary made;
  const auto add = [&](const std::string& piece, float score, PieceType type) {
    made.pieces.push_back(piece);
    made.scores.push_back(score);
    made.types.push_back(type);
  };
  add("<unk>", 0, PieceType::kUnknown);
  add("<s>", 0, PieceType::kControl);
  add("</s>", 0, PieceType::kControl);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), 0, PieceType::kByte);
  add("<|user|>", 0, PieceType::kControl);
  float score = -1;
  for (const char* piece : {"ab", "▁a", "▁ab", "bc", "abc", "▁abc", "ła", "żół", "ół"})
    add(piece, score--, PieceType::kNormal);
  for (const char* piece : {"a", "b", "c", "▁", "ł", "ż", "ó", "w"}) add(piece, score--, PieceType::kNormal);
  return made;
}

std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> kParts = {"a", "b",  "c", "abc", " ",        "  ", "ł",  "żół",
                                                  "w", "\n", "€", "😀",   "<|user|>", "\t", "Ab", "1"};
  std::string text;
  for (auto left = random() % 12; left > 0; --left) text += kParts[random() % kParts.size()];
  return text;
}

void expect_same_tokens(const std::filesystem::path& file, Encoder& encoder) {
  const auto model = engine::Model::load_vocabulary(file);
  ASSERT_TRUE(model) << model.error().message();
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random);
    const auto theirs = (*model)->tokenizer().tokenize_continuation(text, false);
    ASSERT_TRUE(theirs);
    const auto ours = encoder.encode(text);
    EXPECT_EQ(std::vector<TokenId>(theirs->begin(), theirs->end()), ours) << '"' << text << '"';
  }
}

TEST(Vocabulary, EncodesAsLlamaCppDoes) {
  const Vocabulary vocabulary = small_vocabulary();
  const core::TempDir folder;
  formats::GgufWriter file;
  file.add("general.architecture", "llama");
  write_vocabulary(vocabulary, file);
  ASSERT_TRUE(file.write(folder.path() / "v.gguf"));
  Encoder encoder(vocabulary);
  expect_same_tokens(folder.path() / "v.gguf", encoder);
}

TEST(Vocabulary, OfTheBuiltInModelEncodesAsLlamaCppDoes) {
  const std::filesystem::path file = "assets/models/built-in.gguf";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here";
  const auto reader = formats::GgufReader::open(file);
  ASSERT_TRUE(reader) << reader.error().message();
  const auto vocabulary = read_vocabulary(*reader);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message();
  Encoder encoder(*vocabulary);
  expect_same_tokens(file, encoder);
}

TEST(Vocabulary, ComesBackFromItsFile) {
  Vocabulary vocabulary = small_vocabulary();
  vocabulary.chat_template = "{{ messages }}";
  const core::TempDir folder;
  formats::GgufWriter file;
  file.add("general.architecture", "llama");
  write_vocabulary(vocabulary, file);
  ASSERT_TRUE(file.write(folder.path() / "v.gguf"));
  const auto reader = formats::GgufReader::open(folder.path() / "v.gguf");
  const auto back = read_vocabulary(reader.value());
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->pieces, vocabulary.pieces);
  EXPECT_EQ(back->scores, vocabulary.scores);
  EXPECT_EQ(back->types, vocabulary.types);
  EXPECT_EQ(back->chat_template, vocabulary.chat_template);
}

TEST(Encoder, LeavesMergesOutAsOftenAsTold) {
  const Vocabulary vocabulary = small_vocabulary();
  Encoder encoder(vocabulary);
  std::mt19937_64 random(3);
  EXPECT_EQ(encoder.encode("abc").size(), 1u);
  EXPECT_EQ(encoder.encode("abc", 1.0, &random).size(), 3u);
  int split = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto tokens = encoder.encode("abc", 0.2, &random);
    std::string text;
    for (const TokenId token : tokens) text += vocabulary.pieces[static_cast<std::size_t>(token)];
    ASSERT_EQ(text, "abc");
    if (tokens.size() > 1) ++split;
  }
  EXPECT_GT(split, 300);
  EXPECT_LT(split, 1200);
}

}  // namespace
}  // namespace zubr::train
