#include "bulk/job/value_block.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "bulk/job/answers.h"
#include "bulk/job/first_rows.h"
#include "core/temp_dir.h"

namespace zubr::bulk {
namespace {

RC_GTEST_PROP(ValueBlock, GivesBackAnyValues, (const std::vector<std::pair<bool, std::string>>& values)) {
  BlockWriter writer;
  for (const auto& [there, text] : values) writer.add(there ? std::optional<std::string_view>(text) : std::nullopt);
  const std::string block = writer.take();
  auto reader = BlockReader::open(block);
  RC_ASSERT(reader.has_value());
  for (const auto& [there, text] : values) {
    const auto value = reader->next();
    RC_ASSERT(value.has_value());
    RC_ASSERT(value->has_value() == there);
    if (there) RC_ASSERT(**value == text);
  }
  RC_ASSERT(reader->at_end());
  RC_ASSERT(!reader->next().has_value());
}

RC_GTEST_PROP(ValueBlock, NoticesAnyChangedByte, (const std::string& text)) {
  BlockWriter writer;
  writer.add(text);
  std::string block = writer.take();
  const auto at = *rc::gen::inRange<std::size_t>(0, block.size());
  block[at] = static_cast<char>(block[at] ^ (1 << *rc::gen::inRange(0, 8)));
  RC_ASSERT(BlockReader::open(block).error().code() == ErrorCode::kCorrupt);
}

// Against a map, with as little memory as makes it spread over many files.
RC_GTEST_PROP(FirstRows, AreThoseOfAMap, ()) {
  const auto keys =
      *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(rc::gen::inRange('a', 'd')));
  const core::TempDir dir;
  auto finder = FirstRowFinder::create(dir.path() / "work", std::ssize(keys), 256);
  RC_ASSERT(finder.has_value());
  std::map<std::string, std::int64_t> first;
  std::int64_t repeated = 0;
  for (std::size_t row = 0; row < keys.size(); ++row) {
    RC_ASSERT((*finder)->add(static_cast<std::int64_t>(row), keys[row]).has_value());
    repeated += first.emplace(keys[row], static_cast<std::int64_t>(row)).second ? 0 : 1;
  }
  RC_ASSERT(*(*finder)->finish(dir.path() / "firsts", std::ssize(keys), {}) == repeated);
  const auto found = read_first_rows(dir.path() / "firsts", 0, std::ssize(keys));
  RC_ASSERT(found.has_value());
  for (std::size_t row = 0; row < keys.size(); ++row) RC_ASSERT((*found)[row] == first[keys[row]]);
}

TEST(FirstRows, NormalisedLosesCaseSpacesAndPunctuation) {
  EXPECT_EQ(normalised("  Buty,  ZIMOWE! "), "buty zimowe");
  EXPECT_EQ(normalised("ŻÓŁĆ-źdźbło"), "żółć źdźbło");
  EXPECT_EQ(normalised("***"), "");
  EXPECT_EQ(normalised("A1 b2"), "a1 b2");
}

class KeptAnswers : public testing::Test {
 protected:
  std::unique_ptr<Answers> open() {
    auto answers = Answers::open(dir_.path() / "answers.db", clock_);
    EXPECT_TRUE(answers);
    return std::move(*answers);
  }
  core::TempDir dir_;
  core::FakeClock clock_;
};

TEST_F(KeptAnswers, AreFoundByAnotherProcessUnderTheSameKey) {
  const std::vector<formats::Value> values{"shoes", std::nullopt, std::string("a\0b", 3)};
  {
    const auto answers = open();
    EXPECT_TRUE(answers->keep("step", answers->key("step", "red shoes"), values));
    EXPECT_TRUE(answers->flush());
  }
  const auto again = open();
  EXPECT_TRUE(*again->knows("step"));
  EXPECT_FALSE(*again->knows("other step"));
  const auto found = again->find(again->key("step", "red shoes"));
  ASSERT_TRUE(found && *found);
  EXPECT_EQ(**found, values);
  EXPECT_FALSE(*again->find(again->key("step", "red shoe")));
  EXPECT_FALSE(*again->find(again->key("other step", "red shoes")));
}

TEST_F(KeptAnswers, ThatCameByTheHundredThousandAreNotWorthKeeping) {
  const auto answers = open();
  answers->begin_shard();
  for (int i = 0; i < Answers::kCheapPerSecond; ++i)
    EXPECT_TRUE(answers->keep("s", answers->key("s", std::to_string(i)), {"x"}));
  EXPECT_TRUE(answers->flush());
  EXPECT_FALSE(*answers->knows("s"));
  // Until they come slowly again.
  const core::FakeClock::TimePoint::duration slow = std::chrono::milliseconds(1);
  for (int i = 0; i < 3000; ++i) {
    clock_.advance(slow);
    EXPECT_TRUE(answers->keep("t", answers->key("t", std::to_string(i)), {"x"}));
  }
  EXPECT_TRUE(*answers->knows("t"));
  EXPECT_TRUE(*answers->find(answers->key("t", "2000")));
}

RC_GTEST_PROP(AnswerKeys, AreEqualOnlyForEqualQuestions, (const std::string& a, const std::string& b)) {
  static const core::TempDir dir;
  static const core::FakeClock clock;
  static const auto answers = std::move(*Answers::open(dir.path() / "answers.db", clock));
  RC_ASSERT((answers->key("s", a) == answers->key("s", b)) == (a == b));
  RC_ASSERT((answers->key(a, "q") == answers->key(b, "q")) == (a == b));
}

TEST_F(KeptAnswers, OfAQuickShardAreNotWorthKeepingAndOfASlowOneAre) {
  const auto answers = open();
  const auto key = answers->key("s", "a");
  answers->begin_shard();
  EXPECT_TRUE(answers->keep("s", key, {"x"}));
  EXPECT_TRUE(answers->end_shard() && answers->flush());
  EXPECT_FALSE(*answers->find(key));
  answers->begin_shard();
  EXPECT_TRUE(answers->keep("s", key, {"x"}));
  clock_.advance(Answers::kPatience);
  EXPECT_TRUE(answers->keep("s", answers->key("s", "b"), {"y"}));  // both are written here, before the shard ends
  EXPECT_TRUE(*open()->find(key));
}

}  // namespace
}  // namespace zubr::bulk
