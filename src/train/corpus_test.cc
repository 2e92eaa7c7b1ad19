#include "train/corpus.h"

#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::train {
namespace {

class CorpusTest : public testing::Test {
 protected:
  CorpusTest() {
    const auto add = [&](const std::string& piece, PieceType type) {
      vocabulary_.pieces.push_back(piece);
      vocabulary_.scores.push_back(0);
      vocabulary_.types.push_back(type);
    };
    add("<unk>", PieceType::kUnknown);
    add("<s>", PieceType::kControl);
    add("</s>", PieceType::kControl);
    add(kUserPiece, PieceType::kControl);
    add(kAssistantPiece, PieceType::kControl);
    for (const char* letter : {"▁", "a", "b", "c"}) add(letter, PieceType::kNormal);
  }
  std::filesystem::path write(const std::string& text) {
    const auto file = folder_.path() / "c.jsonl";
    std::ofstream(file, std::ios::trunc) << text;
    return file;
  }

  core::TempDir folder_;
  Vocabulary vocabulary_;
};

TEST_F(CorpusTest, PutsAnAnswerWhereTheChatTemplateDoesAndTrainsOnItOnly) {
  Encoder encoder(vocabulary_);
  auto corpus = Corpus::open(write(R"({"trunk":"ab","branches":[["c","a"]]})"), encoder, vocabulary_, {});
  ASSERT_TRUE(corpus) << corpus.error().message();
  const auto sample = corpus->next();
  ASSERT_TRUE(sample) << sample.error().message();
  // <s><|user|>ab then " c"<|assistant|>" a"</s>
  EXPECT_EQ(sample->trunk.tokens, (std::vector<TokenId>{1, 3, 6, 7}));
  ASSERT_EQ(sample->branches.size(), 1u);
  EXPECT_EQ(sample->branches[0].tokens, (std::vector<TokenId>{5, 8, 4, 5, 6, 2}));
  EXPECT_EQ(sample->branches[0].weights, (std::vector<float>{0, 0, 0, 1, 1, 1}));
}

TEST_F(CorpusTest, BeginsAnewAtTheEndAndGoesOnFromAPosition) {
  Encoder encoder(vocabulary_);
  auto corpus = Corpus::open(write("{\"text\":\"a\"}\n{\"text\":\"b\"}\n"), encoder, vocabulary_, {});
  ASSERT_TRUE(corpus);
  const auto first = corpus->next();
  const auto position = corpus->position();
  const auto second = corpus->next();
  const auto third = corpus->next();
  EXPECT_NE(first->trunk.tokens, second->trunk.tokens);
  EXPECT_EQ(first->trunk.tokens, third->trunk.tokens);
  corpus->seek(position);
  EXPECT_EQ(corpus->next()->trunk.tokens, second->trunk.tokens);
}

TEST_F(CorpusTest, SaysWhatIsWrongAndWhere) {
  Encoder encoder(vocabulary_);
  const auto error_of = [&](const std::string& text) {
    auto corpus = Corpus::open(write(text), encoder, vocabulary_, {});
    if (!corpus) return corpus.error().code();
    const auto sample = corpus->next();
    return sample ? ErrorCode::kInternal : sample.error().code();
  };
  EXPECT_EQ(error_of(""), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error_of("no json\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("{}\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("{\"trunk\":1,\"branches\":[]}\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(Corpus::open(folder_.path() / "none", encoder, vocabulary_, {}).error().code(), ErrorCode::kNotFound);
  vocabulary_.pieces[3] = "x";
  Encoder without(vocabulary_);
  EXPECT_EQ(Corpus::open(write("{}\n"), without, vocabulary_, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(CorpusTest, RefusesAGoldLabelThatIsNotOnOffer) {
  Encoder encoder(vocabulary_);
  const auto read = [&](int gold) {
    return read_questions(write(fmt::format(R"({{"set":"s","trunk":"a","labels":["b","c"],"rows":[["a",{}]]}})", gold)),
                          encoder, vocabulary_);
  };
  ASSERT_TRUE(read(1));
  EXPECT_EQ(read(1)->front().labels, 2);
  EXPECT_FALSE(read(2));
  EXPECT_FALSE(read(-1));
}

}  // namespace
}  // namespace zubr::train
