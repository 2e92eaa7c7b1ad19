#include "server/classify/label_batcher.h"

#include <gtest/gtest.h>

#include <thread>

#include "inference/fake_backend.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using inference::FakeBackend;
using inference::LabelScores;
using inference::PreparedText;
using testing::Signal;

// Counts calls, and holds the first one until it is released.
class SlowScorer : public inference::LabelScorer {
 public:
  SlowScorer(std::unique_ptr<LabelScorer> real, Signal& started, Signal& release, std::vector<std::size_t>& calls)
      : real_(std::move(real)), started_(started), release_(release), calls_(calls) {}
  inference::ScorerLimits limits() const override { return {.rows = 4, .tokens = 100, .row_tokens = 100}; }
  inference::ScorerStats stats() const override { return real_->stats(); }
  std::span<const int> label_tokens() const override { return real_->label_tokens(); }
  Result<PreparedText> prepare(std::string_view text) const override { return real_->prepare(text); }
  Result<std::vector<LabelScores>> score(std::span<const PreparedText> rows, std::stop_token stop) override {
    calls_.push_back(rows.size());
    started_.set();
    release_.wait();
    return real_->score(rows, stop);
  }

 private:
  std::unique_ptr<LabelScorer> real_;
  Signal& started_;
  Signal& release_;
  std::vector<std::size_t>& calls_;
};

class LabelBatcherTest : public ::testing::Test {
 protected:
  std::shared_ptr<LabelSet> slow_set() {
    inference::LabelTask task;
    task.labels = {"red", "blue"};
    auto scorer = backend_.open_labels(task, {});
    return std::make_shared<LabelSet>(std::make_unique<SlowScorer>(*std::move(scorer), started_, release_, calls_), 0,
                                      std::vector<double>{});
  }

  static std::vector<PreparedText> prepare(const LabelSet& set, const std::vector<std::string>& texts) {
    std::vector<PreparedText> prepared;
    for (const auto& text : texts) prepared.push_back(*set.prepare(text));
    return prepared;
  }

  FakeBackend backend_;
  Signal started_, release_;
  std::vector<std::size_t> calls_;
};

TEST_F(LabelBatcherTest, EvaluatesTextsOfSeveralCallersTogetherAndGivesEachItsOwn) {
  const auto set = slow_set();
  std::vector<std::string> wrong;
  std::mutex mutex;
  const auto ask = [&](const std::vector<std::string>& texts) {
    const auto scores = set->score(prepare(*set, texts), {});
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (!scores || (*scores)[i].log_prob[0] != FakeBackend::log_prob(texts[i], "red")) wrong.push_back(texts[i]);
    }
  };
  std::thread first(ask, std::vector<std::string>{"a"});
  ASSERT_TRUE(started_.wait());
  std::vector<std::thread> others;
  for (const char* text : {"b", "c", "d", "e", "f"})
    others.emplace_back(ask, std::vector<std::string>{text, std::string(text) + "2"});
  release_.set();
  first.join();
  for (auto& thread : others) thread.join();
  EXPECT_EQ(wrong, std::vector<std::string>{});
  std::size_t texts = 0;
  for (const std::size_t call : calls_) {
    EXPECT_LE(call, 4u) << "the scorer's limit";
    texts += call;
  }
  EXPECT_EQ(texts, 11u);
}

TEST_F(LabelBatcherTest, PacksNoMoreTokensThanTheScorerTakesButAlwaysOneText) {
  release_.set();
  const auto set = slow_set();
  const std::string longest(100, 'x');
  ASSERT_TRUE(set->score(prepare(*set, {longest, "a", longest, "b", "c"}), {}).has_value());
  EXPECT_EQ(calls_, (std::vector<std::size_t>{1, 1, 1, 2}));
}

TEST_F(LabelBatcherTest, LetsACallerGoWhileAnotherWorks) {
  const auto set = slow_set();
  std::thread worker([&] { EXPECT_TRUE(set->score(prepare(*set, {"a"}), {}).has_value()); });
  ASSERT_TRUE(started_.wait());
  std::stop_source stop;
  stop.request_stop();
  const auto gone = set->score(prepare(*set, {"b"}), stop.get_token());
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code(), ErrorCode::kCancelled);
  release_.set();
  worker.join();
  EXPECT_EQ(calls_, (std::vector<std::size_t>{1})) << "what nobody waits for is not evaluated";
}

TEST_F(LabelBatcherTest, OpensASetOnceAndForgetsTheOneNotUsedForLongest) {
  LabelBatcher batcher(2);
  release_.set();
  int opened = 0;
  const auto open = [&](std::stop_token) -> Result<std::shared_ptr<LabelSet>> {
    ++opened;
    return slow_set();
  };
  EXPECT_TRUE(batcher.find("a", open, {}).has_value());
  EXPECT_TRUE(batcher.find("b", open, {}).has_value());
  EXPECT_TRUE(batcher.find("a", open, {}).has_value());
  EXPECT_EQ(opened, 2);
  EXPECT_TRUE(batcher.find("c", open, {}).has_value());  // in place of b
  EXPECT_TRUE(batcher.find("a", open, {}).has_value());
  EXPECT_EQ(opened, 3);
  EXPECT_TRUE(batcher.find("b", open, {}).has_value());
  EXPECT_EQ(opened, 4);
}

TEST_F(LabelBatcherTest, RefusesMoreSetsThanAreAllowedToBeUsedAtOnce) {
  LabelBatcher batcher(1);
  const auto open = [&](std::stop_token) -> Result<std::shared_ptr<LabelSet>> { return slow_set(); };
  const auto used = batcher.find("a", open, {});
  ASSERT_TRUE(used.has_value());
  const auto refused = batcher.find("b", open, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
}

TEST_F(LabelBatcherTest, TriesAgainAfterAFailedOpen) {
  LabelBatcher batcher(1);
  const auto broken = [](std::stop_token) -> Result<std::shared_ptr<LabelSet>> {
    return fail(ErrorCode::kInvalidArgument, "no");
  };
  EXPECT_EQ(batcher.find("a", broken, {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(batcher.find("b", [&](std::stop_token) -> Result<std::shared_ptr<LabelSet>> { return slow_set(); }, {})
                  .has_value());
}

}  // namespace
}  // namespace zubr::server
