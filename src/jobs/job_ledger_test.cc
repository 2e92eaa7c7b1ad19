#include "jobs/job_ledger.h"

#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::jobs {
namespace {

class Ledger : public testing::Test {
 protected:
  JobLedger open() const {
    auto ledger = JobLedger::open(dir_.path());
    EXPECT_TRUE(ledger);
    return std::move(*ledger);
  }
  static void add(JobLedger& ledger, std::int64_t number, std::int64_t rows) {
    const auto at = static_cast<std::uint64_t>(number) * 100;
    ASSERT_TRUE(ledger.add_shard({.number = number, .first_row = number * 10, .rows = rows, .input = {at, 100}}));
  }
  static Shard done(std::int64_t number, std::int64_t failed) {
    return {.number = number, .result = Extent{static_cast<std::uint64_t>(number) * 50, 50}, .failed = failed};
  }
  core::TempDir dir_;
};

TEST_F(Ledger, RemembersStateWishesAndFactsAcrossProcesses) {
  {
    JobLedger ledger = open();
    EXPECT_EQ(*ledger.state(), JobState::kReady);
    EXPECT_TRUE(ledger.set_state(JobState::kPaused) && ledger.set_wish(Wish::kCancel));
    EXPECT_TRUE(ledger.set_fact("shape", std::string("a\0b", 3)));
  }
  JobLedger again = open();
  EXPECT_EQ(*again.state(), JobState::kPaused);
  EXPECT_EQ(*again.wish(), Wish::kCancel);
  EXPECT_EQ(*again.fact("shape"), std::string("a\0b", 3));
  EXPECT_EQ(*again.fact("nothing"), "");
}

TEST_F(Ledger, GivesOpenShardsInOrderAndEachOnlyUntilItIsDone) {
  JobLedger ledger = open();
  for (int i = 0; i < 3; ++i) add(ledger, i, 10);
  EXPECT_EQ((*ledger.next_open(0))->number, 0);
  EXPECT_EQ((*ledger.next_open(1))->number, 1);
  EXPECT_TRUE(ledger.finish_shard(done(0, 0)) && ledger.finish_shard(done(1, 4)));
  EXPECT_EQ((*ledger.next_open(0))->number, 2);
  EXPECT_FALSE((*ledger.next_open(3)).has_value());
  const auto totals = ledger.totals();
  EXPECT_EQ(totals->rows, 30);
  EXPECT_EQ(totals->done_rows, 20);
  EXPECT_EQ(totals->failed_rows, 4);
  EXPECT_EQ(totals->input_end.at, 300u);
  EXPECT_EQ(totals->result_end.at, 100u);
}

TEST_F(Ledger, OpensFailedShardsAgainAndCountsTheirPasses) {
  JobLedger ledger = open();
  for (int i = 0; i < 2; ++i) add(ledger, i, 10);
  EXPECT_TRUE(ledger.finish_shard(done(0, 3)) && ledger.finish_shard(done(1, 0)));
  EXPECT_EQ(*ledger.reopen_failed(), 3);
  EXPECT_EQ((*ledger.next_open(0))->number, 0);
  EXPECT_FALSE((*ledger.next_open(1)).has_value());
  EXPECT_TRUE(ledger.finish_shard(done(0, 1)));
  EXPECT_EQ(ledger.shards()->at(0).passes, 2);
  EXPECT_EQ(ledger.totals()->failed_rows, 1);
}

TEST_F(Ledger, WhatIsNotCommittedNeverHappened) {
  JobLedger ledger = open();
  add(ledger, 0, 10);
  {
    auto group = ledger.begin();
    ASSERT_TRUE(group);
    EXPECT_TRUE(ledger.finish_shard(done(0, 0)));
  }
  EXPECT_EQ(ledger.totals()->done_rows, 0);
}

TEST_F(Ledger, RefusesToFinishWhatItDoesNotKnow) {
  JobLedger ledger = open();
  EXPECT_EQ(ledger.finish_shard(done(5, 0)).error().code(), ErrorCode::kInternal);
  EXPECT_EQ(ledger.finish_shard({.number = 0}).error().code(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace zubr::jobs
