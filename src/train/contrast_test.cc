#include "train/contrast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "core/temp_dir.h"

namespace zubr::train {
namespace {

// Words of one piece each, and the pieces of a chat.
Vocabulary words() {
  Vocabulary vocabulary;
  const auto add = [&](const std::string& piece, PieceType type) {
    vocabulary.pieces.push_back(piece);
    vocabulary.scores.push_back(0);
    vocabulary.types.push_back(type);
  };
  add("<unk>", PieceType::kUnknown);
  add("<s>", PieceType::kControl);
  add("</s>", PieceType::kControl);
  add(kUserPiece, PieceType::kControl);
  add(kAssistantPiece, PieceType::kControl);
  for (char c = 'a'; c <= 'z'; ++c) add(std::string("\u2581") + c, PieceType::kUserDefined);
  return vocabulary;
}

struct Trained {
  std::vector<float> embedding;
  std::vector<ContrastProgress> reports;
};

constexpr std::int64_t kWidth = 16;

// Texts a, b belong to x; c, d to y.
Result<Trained> train(const ContrastOptions& options, const char* lines) {
  const core::TempDir folder;
  const auto file = folder.path() / "data.jsonl";
  std::ofstream(file) << lines;
  const Vocabulary vocabulary = words();
  Encoder encoder(vocabulary);
  auto corpus = Corpus::open(file, encoder, vocabulary, {});
  if (!corpus) return fail(corpus.error());
  Trained trained;
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < vocabulary.pieces.size() * kWidth; ++i) trained.embedding.push_back(normal(random));
  ZUBR_CHECK(contrast(*corpus, encoder.find(kAssistantPiece), options, kWidth, trained.embedding,
                      [&](const ContrastProgress& progress) { trained.reports.push_back(progress); }));
  return trained;
}

constexpr const char* kTwoLabels =
    "{\"trunk\":\"x y\",\"branches\":[[\"a\",\"x\"],[\"b\",\"x\"],[\"c\",\"y\"],[\"d\",\"y\"]]}\n";

float cosine(const std::vector<float>& embedding, char first, char second) {
  const auto row = [&](char c) { return embedding.data() + (5 + (c - 'a')) * kWidth; };
  float dot = 0;
  for (std::int64_t i = 0; i < kWidth; ++i) dot += row(first)[i] * row(second)[i];
  return dot;  // rows have length 1
}

TEST(Contrast, BringsTextsToTheirLabelsAndAwayFromOthers) {
  const auto trained =
      train({.samples = 2000, .rate = 0.1, .sharpness = 12, .word_dropout = 0.1, .seed = 1}, kTwoLabels);
  ASSERT_TRUE(trained) << trained.error().message();
  for (const char text : {'a', 'b'})
    EXPECT_GT(cosine(trained->embedding, text, 'x'), cosine(trained->embedding, text, 'y') + 0.5F) << text;
  for (const char text : {'c', 'd'})
    EXPECT_GT(cosine(trained->embedding, text, 'y'), cosine(trained->embedding, text, 'x') + 0.5F) << text;
}

TEST(Contrast, LeavesRowsOfLengthOneAlsoOfTokensItNeverSaw) {
  const auto trained = train({.samples = 50, .rate = 0.1, .sharpness = 12, .word_dropout = 0.1, .seed = 1}, kTwoLabels);
  ASSERT_TRUE(trained);
  for (std::size_t row = 0; row < trained->embedding.size() / kWidth; ++row) {
    float square = 0;
    for (std::int64_t i = 0; i < kWidth; ++i) {
      const float x = trained->embedding[row * kWidth + static_cast<std::size_t>(i)];
      square += x * x;
    }
    EXPECT_NEAR(square, 1, 1e-4) << row;
  }
}

TEST(Contrast, ReportsALossThatFallsAndEveryTextRightAtTheEnd) {
  const auto trained =
      train({.samples = 30000, .rate = 0.1, .sharpness = 12, .word_dropout = 0.1, .seed = 1}, kTwoLabels);
  ASSERT_TRUE(trained);
  ASSERT_EQ(trained->reports.size(), 3U);
  EXPECT_EQ(trained->reports[2].samples, 30000);
  EXPECT_LT(trained->reports[2].loss, trained->reports[0].loss);
  EXPECT_GT(trained->reports[2].accuracy, 0.999);
}

TEST(Contrast, TheSeedDecides) {
  const ContrastOptions options{.samples = 300, .rate = 0.1, .sharpness = 12, .word_dropout = 0.5, .seed = 3};
  const char* lines = "{\"trunk\":\"x y\",\"branches\":[[\"a e f\",\"x\"],[\"c g h\",\"y\"]]}\n";
  const auto once = train(options, lines), again = train(options, lines);
  ContrastOptions other = options;
  other.seed = 4;
  const auto different = train(other, lines);
  ASSERT_TRUE(once && again && different);
  EXPECT_EQ(once->embedding, again->embedding);
  EXPECT_NE(once->embedding, different->embedding);
}

TEST(Contrast, ASampleWithOneLabelTeachesNothing) {
  const auto trained = train({.samples = 100, .rate = 0.1, .sharpness = 12, .word_dropout = 0, .seed = 1},
                             "{\"trunk\":\"x\",\"branches\":[[\"a\",\"x\"],[\"b\",\"x\"]]}\n");
  const auto untouched = train({.samples = 0, .rate = 0.1, .sharpness = 12, .word_dropout = 0, .seed = 1}, kTwoLabels);
  ASSERT_TRUE(trained && untouched);
  EXPECT_EQ(trained->embedding, untouched->embedding);
}

TEST(Contrast, ABrokenCorpusIsAnError) {
  const auto trained = train({.samples = 10, .rate = 0.1, .sharpness = 12, .word_dropout = 0, .seed = 1}, "nonsense\n");
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace zubr::train
