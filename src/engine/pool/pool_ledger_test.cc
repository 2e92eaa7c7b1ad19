#include "engine/pool/pool_ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace zubr::engine {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr core::Clock::TimePoint kStart{};

TEST(PoolLedger, GivesUpTheModelUnusedForLongestAndNeverOneInUseOrPinned) {
  PoolLedger ledger;
  ledger.add("pinned", {.bytes = 1, .pinned = true}, kStart, minutes(5));
  EXPECT_EQ(ledger.victim(), std::nullopt);
  EXPECT_FALSE(ledger.may_get_room());
  ledger.add("a", {.bytes = 2}, kStart, minutes(5));
  ledger.add("b", {.bytes = 3}, kStart, minutes(5));
  EXPECT_EQ(ledger.victim(), "a");
  ledger.use("a");
  EXPECT_EQ(ledger.victim(), "b");
  ledger.release("a", kStart, minutes(5));
  ledger.use("b");
  EXPECT_EQ(ledger.victim(), "a");
  ledger.use("a");
  EXPECT_EQ(ledger.victim(), std::nullopt);
  EXPECT_TRUE(ledger.may_get_room());
  EXPECT_EQ(ledger.bytes(), 6u);
}

TEST(PoolLedger, KeepsAModelAsLongAsItsLastUserWants) {
  PoolLedger ledger;
  ledger.add("a", {}, kStart, minutes(5));
  ledger.use("a");
  EXPECT_EQ(ledger.next_expiry(), std::nullopt);
  EXPECT_FALSE(ledger.release("a", kStart + minutes(1), seconds(10)));
  EXPECT_EQ(ledger.next_expiry(), kStart + minutes(1) + seconds(10));
  EXPECT_TRUE(ledger.expired(kStart + minutes(1) + seconds(9)).empty());
  EXPECT_EQ(ledger.expired(kStart + minutes(1) + seconds(10)), std::vector<std::string>{"a"});
  ledger.use("a");
  EXPECT_FALSE(ledger.release("a", kStart, kKeepForEver));
  EXPECT_EQ(ledger.next_expiry(), std::nullopt);
  ledger.use("a");
  EXPECT_FALSE(ledger.release("a", kStart, std::chrono::hours(24 * 365 * 290)));  // more than the clock can say
  EXPECT_EQ(ledger.next_expiry(), std::nullopt);
}

TEST(PoolLedger, LetsAModelGoAtOnceWhenKeepAliveIsZeroButNotWhileOthersUseIt) {
  PoolLedger ledger;
  ledger.add("a", {}, kStart, minutes(5));
  ledger.use("a");
  ledger.use("a");
  EXPECT_FALSE(ledger.release("a", kStart, seconds(0)));
  EXPECT_FALSE(ledger.release("a", kStart, minutes(5)));  // the last one wants it kept
  ledger.use("a");
  EXPECT_TRUE(ledger.release("a", kStart, seconds(0)));
  ledger.add("p", {.pinned = true}, kStart, seconds(0));
  ledger.use("p");
  EXPECT_FALSE(ledger.release("p", kStart, seconds(0)));
}

// Whatever is used and released: what is in use or pinned is never a victim and never expires, and what is neither is
// always a victim.
RC_GTEST_PROP(PoolLedgerProperty, ChoosesOnlyWhatNobodyUses, ()) {
  PoolLedger ledger;
  std::map<std::string, int> users;
  auto now = kStart;
  const int steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    const auto name = *rc::gen::element<std::string>("a", "b", "c", "pinned");
    const seconds keep(*rc::gen::inRange(-1, 5));
    now += seconds(*rc::gen::inRange(0, 3));
    if (ledger.find(name) == nullptr) {
      ledger.add(name, {.pinned = name == "pinned"}, now, keep);
      users[name] = 0;
    } else if (users[name] > 0 && *rc::gen::arbitrary<bool>()) {
      --users[name];
      if (ledger.release(name, now, keep)) {
        RC_ASSERT(users[name] == 0);
        ledger.remove(name);
      }
    } else {
      ledger.use(name);
      ++users[name];
    }
    const auto victim = ledger.victim();
    const bool any_free = std::ranges::any_of(
        ledger.entries(), [&](const auto& entry) { return users[entry.first] == 0 && entry.first != "pinned"; });
    RC_ASSERT(victim.has_value() == any_free);
    if (victim) RC_ASSERT(users[*victim] == 0 && *victim != "pinned");
    for (const auto& late : ledger.expired(now + minutes(1))) RC_ASSERT(users[late] == 0 && late != "pinned");
  }
}

}  // namespace
}  // namespace zubr::engine
