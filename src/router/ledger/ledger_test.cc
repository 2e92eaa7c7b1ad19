#include "router/ledger/ledger.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace zubr::router {
namespace {

using namespace std::chrono_literals;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::filesystem::create_directories(folder);
    ledger = open();
  }
  ~LedgerTest() override {
    ledger.reset();
    std::filesystem::remove_all(folder);
  }
  std::unique_ptr<Ledger> open() {
    auto opened = Ledger::open(folder / "ledger.db", clock);
    if (!opened) throw std::runtime_error(opened.error().message());
    return std::move(*opened);
  }
  static LedgerRow row(std::string provider, std::optional<std::int64_t> cost, std::string key = "k") {
    LedgerRow row;
    row.payer.key = std::move(key);
    row.model = "m";
    row.provider = std::move(provider);
    row.provider_model = "m-1";
    row.consumption = Consumption{.prompt_tokens = 10, .cached_tokens = 2, .completion_tokens = 3};
    if (cost) row.cost = PicoDollars{*cost};
    return row;
  }
  void budget(std::int64_t amount, std::string key = "k", BudgetPeriod period = BudgetPeriod::kTotal,
              bool allow_unknown = false) {
    ASSERT_TRUE(ledger->set_budget({std::move(key), period, PicoDollars{amount}, allow_unknown}));
  }
  ErrorCode refusal(std::optional<std::int64_t> most, std::string key = "k") {
    const auto reserved =
        ledger->reserve({.key = std::move(key)}, most ? std::optional(PicoDollars{*most}) : std::nullopt);
    return reserved ? ErrorCode::kInternal : reserved.error().code();
  }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() /
      fmt::format("zubr-ledger-{}-{}", ::getpid(), testing::UnitTest::GetInstance()->current_test_info()->name());
  std::shared_ptr<core::FakeClock> clock = std::make_shared<core::FakeClock>();
  std::unique_ptr<Ledger> ledger;
};

TEST_F(LedgerTest, AReservationCountsUntilTheCostTakesItsPlace) {
  budget(100);
  const auto first = ledger->reserve({.key = "k"}, PicoDollars{60});
  ASSERT_TRUE(first);
  EXPECT_EQ(refusal(41), ErrorCode::kBudgetExceeded);
  ASSERT_TRUE(ledger->settle(*first, row("groq", 10)));
  const auto second = ledger->reserve({.key = "k"}, PicoDollars{90});
  EXPECT_TRUE(second) << "10 + 90 is 100";
  EXPECT_EQ(ledger->budgets()->at(0).spent, PicoDollars{10});
  EXPECT_EQ(ledger->budgets()->at(0).reserved, PicoDollars{90});
}

TEST_F(LedgerTest, ACostThatNobodyKnowsIsChargedAsReserved) {
  budget(100);
  const auto reserved = ledger->reserve({.key = "k"}, PicoDollars{70});
  ASSERT_TRUE(ledger->settle(*reserved, row("groq", std::nullopt)));
  EXPECT_EQ(ledger->budgets()->at(0).spent, PicoDollars{70});
  EXPECT_EQ(ledger->usage({})->at(0).unpriced, 1);
  EXPECT_EQ(ledger->usage({})->at(0).cost, PicoDollars{0}) << "known costs only";
}

TEST_F(LedgerTest, AnUnknownPriceIsRefusedUnderABudgetUnlessThatAllowsIt) {
  budget(100);
  EXPECT_EQ(refusal(std::nullopt), ErrorCode::kBudgetExceeded);
  EXPECT_TRUE(ledger->reserve({.key = "somebody else"}, std::nullopt)) << "who has no budget";
  budget(100, "k", BudgetPeriod::kTotal, true);
  EXPECT_TRUE(ledger->reserve({.key = "k"}, std::nullopt));
}

TEST_F(LedgerTest, TheBudgetOfEverybodyCountsForEachKey) {
  budget(100, "");
  const auto one = ledger->reserve({.key = "a"}, PicoDollars{60});
  ASSERT_TRUE(one);
  EXPECT_EQ(refusal(60, "b"), ErrorCode::kBudgetExceeded);
  ASSERT_TRUE(ledger->settle(*one, row("groq", 60, "a")));
  EXPECT_EQ(refusal(60, "b"), ErrorCode::kBudgetExceeded);
  EXPECT_EQ(refusal(60, ""), ErrorCode::kBudgetExceeded);
}

TEST_F(LedgerTest, ADayAndAMonthBeginAnew) {
  budget(100, "k", BudgetPeriod::kDay);
  budget(150, "k", BudgetPeriod::kMonth);
  const auto spend = [&](std::int64_t amount) {
    const auto reserved = ledger->reserve({.key = "k"}, PicoDollars{amount});
    return reserved && ledger->settle(*reserved, row("groq", amount));
  };
  EXPECT_TRUE(spend(100));
  EXPECT_FALSE(spend(1));
  clock->advance(24h);
  EXPECT_TRUE(spend(50));
  EXPECT_FALSE(spend(1)) << "the month";
  clock->advance(24h * 31);
  EXPECT_TRUE(spend(100));
}

TEST_F(LedgerTest, AReservationWhoseProcessDiedIsChargedAfterAnHour) {
  budget(100);
  ASSERT_TRUE(ledger->reserve({.key = "k"}, PicoDollars{60}));
  ledger.reset();
  ledger = open();
  clock->advance(59min);
  EXPECT_EQ(refusal(60), ErrorCode::kBudgetExceeded);
  clock->advance(2min);
  EXPECT_EQ(refusal(60), ErrorCode::kBudgetExceeded) << "it may have cost that";
  ASSERT_TRUE(ledger->reserve({.key = "k"}, PicoDollars{40}));
  EXPECT_EQ(ledger->budgets()->at(0).spent, PicoDollars{60});
}

TEST_F(LedgerTest, AFailedReserveLeavesNothingBehind) {
  budget(10);
  EXPECT_EQ(refusal(11), ErrorCode::kBudgetExceeded);
  EXPECT_EQ(ledger->budgets()->at(0).reserved, PicoDollars{0});
  EXPECT_TRUE(*ledger->remove_budget("k", BudgetPeriod::kTotal));
  EXPECT_FALSE(*ledger->remove_budget("k", BudgetPeriod::kTotal));
}

TEST_F(LedgerTest, AThousandAtOnceNeverSpendMoreThanTheBudget) {
  constexpr int kThreads = 1000, kMost = 10;
  constexpr std::int64_t kBudget = 4321;
  budget(kBudget);
  budget(kBudget - 1000, "", BudgetPeriod::kDay);
  const auto other = open();  // as another process has it
  std::atomic<std::int64_t> spent = 0, highest = 0, refused = 0, broken = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      Ledger& mine = i % 2 == 0 ? *ledger : *other;
      const auto reserved = mine.reserve({.key = "k"}, PicoDollars{kMost});
      if (!reserved) {
        reserved.error().code() == ErrorCode::kBudgetExceeded ? ++refused : ++broken;
        return;
      }
      const std::int64_t cost = i % (kMost + 1);
      const std::int64_t now = spent += cost;
      for (std::int64_t seen = highest; now > seen && !highest.compare_exchange_weak(seen, now);) {
      }
      if (!mine.settle(*reserved, row("groq", cost))) ++broken;
    });
  threads.clear();
  EXPECT_EQ(broken, 0);
  EXPECT_GT(refused, 0);
  EXPECT_LE(highest, kBudget - 1000);
  EXPECT_GT(spent, kBudget - 1000 - 2 * kMost - kMost * 100) << "nor far less";
  EXPECT_EQ(ledger->usage({})->at(0).attempts, kThreads - refused);
  const auto states = ledger->budgets();
  ASSERT_TRUE(states);
  for (const BudgetState& state : *states) {
    EXPECT_EQ(state.spent, PicoDollars{spent});
    EXPECT_EQ(state.reserved, PicoDollars{0});
  }
}

TEST_F(LedgerTest, UsageIsCountedByWhateverIsAsked) {
  auto tagged = row("groq", 5);
  tagged.payer.tags = {"project=crm", "team=a"};
  ASSERT_TRUE(ledger->settle({}, tagged));
  auto failed = row("groq", 0);
  failed.fault = "rate_limited";
  failed.consumption.reset();
  ASSERT_TRUE(ledger->settle({}, failed));
  clock->advance(24h);
  ASSERT_TRUE(ledger->settle({}, row("deepinfra", 7, "other")));
  const auto providers = ledger->usage({.by = {UsageBy::kProvider}});
  ASSERT_TRUE(providers) << providers.error().message();
  ASSERT_EQ(providers->size(), 2u);
  EXPECT_EQ(providers->at(0).names, std::vector<std::string>{"deepinfra"}) << "the dearest first";
  EXPECT_EQ(providers->at(1).attempts, 2);
  EXPECT_EQ(providers->at(1).failed, 1);
  EXPECT_EQ(providers->at(1).prompt_tokens, 10);
  const auto days = ledger->usage({.by = {UsageBy::kDay}});
  ASSERT_EQ(days->size(), 2u);
  EXPECT_EQ(days->at(0).names.at(0), "2026-01-01");
  EXPECT_EQ(ledger->usage({.since = "2026-01-02"})->at(0).attempts, 1);
  EXPECT_EQ(ledger->usage({.until = "2026-01-01", .key = "k"})->at(0).attempts, 2);
  EXPECT_TRUE(ledger->usage({.since = "2027-01-01"})->empty());
  EXPECT_EQ(ledger->usage({.by = {UsageBy::kTag, UsageBy::kModel}})->size(), 3u) << "two tags and none";
  EXPECT_EQ(ledger->usage({.tag = "team=a"})->at(0).cost, PicoDollars{5});
}

TEST_F(LedgerTest, ExportsCsvThatNoSpreadsheetRuns) {
  auto strange = row("groq", 1'500'000'000);
  strange.model = "=cmd(\"x\"),y";
  strange.payer.tags = {"a", "b"};
  ASSERT_TRUE(ledger->settle({}, strange));
  std::string csv;
  ASSERT_TRUE(ledger->export_csv({}, [&](std::string_view text) { csv += text; }));
  EXPECT_NE(csv.find("at,key,model,provider"), std::string::npos);
  EXPECT_NE(csv.find("2026-01-01T00:00:00.000Z,k,\"'=cmd(\"\"x\"\"),y\",groq,m-1"), std::string::npos) << csv;
  EXPECT_NE(csv.find(",0.0015,0.0015,0,"), std::string::npos) << csv;
  EXPECT_TRUE(csv.ends_with(",a b\r\n")) << csv;
}

TEST_F(LedgerTest, TheFileIsItsOwnersOnly) {
  const auto mode = std::filesystem::status(folder / "ledger.db").permissions();
  EXPECT_EQ(mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
}

}  // namespace
}  // namespace zubr::router
