#include "catalog/import_board.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "catalog/search.h"

namespace zubr::catalog {
namespace {

class Boards : public ::testing::Test {
 protected:
  Result<ImportedBoard> import(std::string_view text, const std::string& name = "polish-exams",
                               const ScoreColumns& columns = {}) {
    return import_board(catalog_, text, name, columns, {.name = {}, .url = "board.csv", .date = "2026-01-01"});
  }
  // "model=score …", best first.
  std::string board(const std::string& name = "polish-exams") {
    const auto rows = leaderboard(catalog_, name, {}, 100);
    std::string text;
    if (rows)
      for (const BoardRow& row : *rows) text += fmt::format("{}={} ", row.record.name, row.value);
    return text;
  }
  void expect_refused(const Result<ImportedBoard>& result, const std::string& says) {
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message().find(says), std::string::npos) << result.error().message();
  }

  Catalog catalog_ = Catalog::in_memory().value();
};

TEST_F(Boards, AreReadFromCommasTabsAndSemicolons) {
  for (const char* text : {"model,score\nalpha,1.5\nbeta,2\n", "name\tvalue\nalpha\t1.5\r\nbeta\t2\n",
                           "Model;Rating\nalpha;1.5\nbeta;2"}) {
    const auto result = import(text);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(board(), "beta=2 alpha=1.5 ") << text;
  }
}

TEST_F(Boards, AreReadFromJsonAlsoInsideAnObject) {
  ASSERT_TRUE(import(R"([{"model":"alpha","accuracy":0.5},{"model":"beta","accuracy":0.75}])"));
  EXPECT_EQ(board(), "beta=0.75 alpha=0.5 ");
  ASSERT_TRUE(import(R"({"updated":"today","results":[{"model":"gamma","average":7}]})"));
  EXPECT_EQ(board(), "gamma=7 ");
}

TEST_F(Boards, BelongToTheModelsThatTheyName) {
  ModelFact bielik{.address = {"hf", "speakleash/Bielik-11B-v2.3-Instruct"}};
  ASSERT_TRUE(catalog_.merge({.models = {bielik}}, {.name = "hf", .date = "2026-01-01"}));
  const auto result = import("who,points\nspeakleash/Bielik-11B-v2.3-Instruct,77.5\n", "exams", {"who", "points"});
  ASSERT_TRUE(result) << result.error().message();
  const ModelCard card = catalog_.card(catalog_.resolve("speakleash/Bielik-11B-v2.3-Instruct").value()).value();
  ASSERT_EQ(card.scores.size(), 1U);
  EXPECT_EQ(card.scores[0].score.value, 77.5);
  EXPECT_EQ(card.scores[0].score.date, "2026-01-01");
}

TEST_F(Boards, AreReplacedAndOthersStay) {
  ASSERT_TRUE(import("model,score\nalpha,1\nbeta,2\n"));
  ASSERT_TRUE(import("model,score\nalpha,9\n", "other"));
  const auto again = import("model,score\nbeta,3\n");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->merged.gone, 1);
  EXPECT_EQ(board(), "beta=3 ");
  EXPECT_EQ(board("other"), "alpha=9 ");
  ASSERT_TRUE(import("model,score\nalpha,1\nbeta,3\n"));
  EXPECT_EQ(board(), "beta=3 alpha=1 ") << "what was gone comes back";
}

TEST_F(Boards, AreRefusedWithWhatIsWrongAndNothingChanges) {
  ASSERT_TRUE(import("model,score\nalpha,1\n"));
  expect_refused(import("model,points\nalpha,2\n"), "the columns are: model, points");
  expect_refused(import("model,score\nalpha,many\n"), "no row");
  expect_refused(import("model,score\n"), "no rows");
  expect_refused(import(""), "no rows");
  expect_refused(import("[{\"model\":"), "ends in the middle");
  expect_refused(import(R"({"a":1})"), "no list");
  expect_refused(import("model,score\nalpha,2\n", "Two Words"), "a-z 0-9");
  expect_refused(import("model,score\nalpha,2\n", "x", {"nobody", ""}), "no column of models");
  EXPECT_EQ(board(), "alpha=1 ");
}

RC_GTEST_PROP(BoardsProperty, TakeAnyBytesWithoutHarm, (const std::string& text)) {
  auto catalog = Catalog::in_memory().value();
  const auto result = import_board(catalog, "model,score\n" + text, "x", {}, {.name = {}, .date = "2026-01-01"});
  if (!result) RC_ASSERT(catalog.model_count().value() == 0);
}

}  // namespace
}  // namespace zubr::catalog
