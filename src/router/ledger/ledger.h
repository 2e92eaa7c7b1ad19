// The ledger: a row for every attempt to get an answer from somewhere, and budgets that hold. Never what was asked or
// answered.
//
// A budget belongs to a key, or to everybody together (""), and counts a day, a month (UTC) or for ever. Before a
// request leaves, the most that it can cost is reserved; afterwards what it did cost takes the reservation's place. So
// no budget is ever exceeded, however many ask at once, here or in another process on the same file. A cost that nobody
// could tell is charged as what was reserved, and marked as estimated. A reservation whose process died is charged so
// too, after an hour.
//
// Threads: every method from any thread; they take turns. Errors: those of storage/database.h, and kBudgetExceeded.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "router/prices.h"
#include "storage/database.h"

namespace zubr::router {

// Who pays, and for what.
struct Payer {
  std::string key = {};                // id of the key; empty: nobody in particular
  std::vector<std::string> tags = {};  // "project=crm"
};

struct LedgerRow {
  Payer payer = {};
  std::string model = {};  // as asked for
  std::string provider = {};
  std::string provider_model = {};  // as the provider calls it
  int provider_key = 0;             // which of our keys for it, from 0
  std::string policy = {}, privacy = {};
  std::string fault = {};  // empty: it went well
  bool after_output = false;
  std::optional<Consumption> consumption = {};
  std::int64_t reasoning_tokens = 0;
  std::optional<PicoDollars> cost = {};
  double first_token_s = 0, seconds = 0;
};

struct Reservation {
  std::int64_t id = 0;  // 0: no budget counts, nothing was reserved
};

enum class BudgetPeriod { kDay, kMonth, kTotal };
std::string_view period_name(BudgetPeriod period);
Result<BudgetPeriod> parse_period(std::string_view text);

struct Budget {
  std::string key = {};  // empty: everybody together
  BudgetPeriod period = BudgetPeriod::kTotal;
  PicoDollars amount = {};
  bool allow_unknown = false;  // requests whose cost cannot be told beforehand; they then count as nothing
};
struct BudgetState {
  Budget budget;
  PicoDollars spent = {};     // in the period that is now
  PicoDollars reserved = {};  // by requests under way
};

enum class UsageBy { kKey, kModel, kProvider, kTag, kDay };
Result<UsageBy> parse_usage_by(std::string_view text);
std::string_view usage_by_name(UsageBy by);

struct UsageQuery {
  std::vector<UsageBy> by = {};
  std::string since = {}, until = {};                         // days, both included; empty: no limit
  std::string key = {}, model = {}, provider = {}, tag = {};  // only these; empty: all
};
struct UsageRow {
  std::vector<std::string> names = {};  // one for each of UsageQuery::by
  std::int64_t attempts = 0, failed = 0;
  std::int64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
  PicoDollars cost = {};      // of those whose cost is known
  std::int64_t unpriced = 0;  // attempts whose cost is not
};

class Ledger {
 public:
  // Makes the file where it is missing, readable by its owner only. `clock` is shared with tests.
  static Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& file,
                                              std::shared_ptr<const core::Clock> clock);

  // A budget of the same key and period is replaced.
  Result<void> set_budget(const Budget& budget);
  // False: there is none.
  Result<bool> remove_budget(std::string_view key, BudgetPeriod period);
  Result<std::vector<BudgetState>> budgets();
  Result<bool> has_budget(const Payer& payer);

  // kBudgetExceeded, with the numbers; also where `most` is unknown and a budget does not allow that.
  Result<Reservation> reserve(const Payer& payer, const std::optional<PicoDollars>& most);
  // Writes the row down and puts its cost in the reservation's place.
  Result<void> settle(const Reservation& reservation, const LedgerRow& row);

  // Largest cost first; by day: oldest first.
  Result<std::vector<UsageRow>> usage(const UsageQuery& query);
  // Every attempt as CSV (RFC 4180), oldest first, written piece by piece.
  Result<void> export_csv(const UsageQuery& query, const std::function<void(std::string_view)>& write);

 private:
  Ledger(storage::Database database, std::shared_ptr<const core::Clock> clock)
      : database_(std::move(database)), clock_(std::move(clock)) {}

  struct Now;
  Now now() const;
  Result<void> charge(std::string_view key, PicoDollars amount, const Now& when);
  Result<PicoDollars> reserved_for(std::string_view key);
  Result<PicoDollars> spent_by(std::string_view key, std::string_view period);
  Result<void> charge_lost(const Now& when);
  Result<void> check(const Budget& budget, const std::optional<PicoDollars>& most, const Now& when);
  Result<std::vector<Budget>> budgets_of(const Payer& payer);
  Result<void> write_row(const LedgerRow& row, const Now& when, PicoDollars charged, bool estimated);

  std::mutex mutex_;
  storage::Database database_;  // guarded by mutex_
  std::shared_ptr<const core::Clock> clock_;
};

// $ZUBR_HOME/ledger.db
std::filesystem::path ledger_file(const std::filesystem::path& home);

}  // namespace zubr::router
