#include "router/ledger/ledger.h"

#include <fmt/chrono.h>

#include <limits>

#include "core/machine.h"

namespace zubr::router {
namespace {

constexpr std::string_view kSteps[] = {R"(
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, day TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL,
  provider TEXT NOT NULL, provider_model TEXT NOT NULL, provider_key INTEGER NOT NULL, policy TEXT NOT NULL,
  privacy TEXT NOT NULL, fault TEXT NOT NULL, after_output INTEGER NOT NULL, prompt_tokens INTEGER,
  cached_tokens INTEGER, cache_write_tokens INTEGER, completion_tokens INTEGER, reasoning_tokens INTEGER NOT NULL,
  cost INTEGER, charged INTEGER NOT NULL, estimated INTEGER NOT NULL, first_token_s REAL NOT NULL,
  seconds REAL NOT NULL);
CREATE INDEX attempt_by_day ON attempt (day);
CREATE TABLE attempt_tag (attempt INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (attempt, tag)) WITHOUT ROWID;
CREATE TABLE budget (
  key TEXT NOT NULL, period INTEGER NOT NULL, amount INTEGER NOT NULL, allow_unknown INTEGER NOT NULL,
  PRIMARY KEY (key, period)) WITHOUT ROWID;
CREATE TABLE spent (
  key TEXT NOT NULL, period TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (key, period)) WITHOUT ROWID;
CREATE TABLE reservation (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, amount INTEGER NOT NULL, at_ms INTEGER NOT NULL);
CREATE INDEX reservation_by_key ON reservation (key);
)"};

constexpr std::int64_t kLostAfterMs = 3'600'000;

PicoDollars plus(PicoDollars a, PicoDollars b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.count, b.count, &sum)) sum = std::numeric_limits<std::int64_t>::max();
  return {sum};
}

}  // namespace

struct Ledger::Now {
  std::int64_t ms = 0;
  std::string day, month;

  // What a period is called at this time.
  std::string name(BudgetPeriod period) const {
    return period == BudgetPeriod::kDay ? day : period == BudgetPeriod::kMonth ? month : "total";
  }
};

Ledger::Now Ledger::now() const {
  const auto wall = clock_->wall();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(wall);
  const std::string day = fmt::format("{:%Y-%m-%d}", fmt::gmtime(seconds));
  return {std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count(), day,
          day.substr(0, 7)};
}

std::filesystem::path ledger_file(const std::filesystem::path& home) { return home / "ledger.db"; }

Result<std::unique_ptr<Ledger>> Ledger::open(const std::filesystem::path& file,
                                             std::shared_ptr<const core::Clock> clock) {
  ZUBR_TRY(database, storage::Database::open(file));
  ZUBR_CHECK(storage::migrate(database, kSteps));
  std::error_code ignored;  // on file systems without owners there is nothing to keep from anybody
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ignored);
  return std::unique_ptr<Ledger>(new Ledger(std::move(database), std::move(clock)));
}

std::string_view period_name(BudgetPeriod period) {
  return period == BudgetPeriod::kDay ? "day" : period == BudgetPeriod::kMonth ? "month" : "total";
}

Result<BudgetPeriod> parse_period(std::string_view text) {
  for (const BudgetPeriod period : {BudgetPeriod::kDay, BudgetPeriod::kMonth, BudgetPeriod::kTotal})
    if (text == period_name(period)) return period;
  return fail(ErrorCode::kInvalidArgument, "'{}' is no period of a budget; one of day, month, total", text);
}

Result<void> Ledger::set_budget(const Budget& budget) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(insert, database_.prepare("INSERT OR REPLACE INTO budget VALUES (?, ?, ?, ?)"));
  insert.bind(1, budget.key);
  insert.bind(2, static_cast<int>(budget.period));
  insert.bind(3, budget.amount.count);
  insert.bind(4, budget.allow_unknown ? 1 : 0);
  return insert.run();
}

Result<bool> Ledger::remove_budget(std::string_view key, BudgetPeriod period) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(remove, database_.prepare("DELETE FROM budget WHERE key = ? AND period = ?"));
  remove.bind(1, key);
  remove.bind(2, static_cast<int>(period));
  ZUBR_CHECK(remove.run());
  return database_.changes() > 0;
}

Result<std::vector<BudgetState>> Ledger::budgets() {
  const std::lock_guard lock(mutex_);
  const Now when = now();
  ZUBR_TRY(rows, database_.prepare("SELECT key, period, amount, allow_unknown FROM budget ORDER BY key, period"));
  std::vector<BudgetState> states;
  for (;;) {
    ZUBR_TRY(more, rows.step());
    if (!more) break;
    BudgetState state{
        .budget = {rows.text(0), static_cast<BudgetPeriod>(rows.integer(1)), {rows.integer(2)}, rows.integer(3) != 0}};
    ZUBR_TRY(spent, spent_by(state.budget.key, when.name(state.budget.period)));
    ZUBR_TRY(reserved, reserved_for(state.budget.key));
    state.spent = spent;
    state.reserved = reserved;
    states.push_back(std::move(state));
  }
  return states;
}

Result<std::vector<Budget>> Ledger::budgets_of(const Payer& payer) {
  ZUBR_TRY(rows, database_.prepare("SELECT key, period, amount, allow_unknown FROM budget WHERE key = ?1 OR key = ''"));
  rows.bind(1, payer.key);
  std::vector<Budget> budgets;
  for (;;) {
    ZUBR_TRY(more, rows.step());
    if (!more) return budgets;
    budgets.push_back(
        {rows.text(0), static_cast<BudgetPeriod>(rows.integer(1)), {rows.integer(2)}, rows.integer(3) != 0});
  }
}

Result<bool> Ledger::has_budget(const Payer& payer) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(budgets, budgets_of(payer));
  return !budgets.empty();
}

Result<PicoDollars> Ledger::reserved_for(std::string_view key) {
  ZUBR_TRY(sum, database_.prepare(key.empty() ? "SELECT coalesce(sum(amount), 0) FROM reservation"
                                              : "SELECT coalesce(sum(amount), 0) FROM reservation WHERE key = ?"));
  if (!key.empty()) sum.bind(1, key);
  ZUBR_TRY(found, sum.step());
  return PicoDollars{found ? sum.integer(0) : 0};
}

Result<PicoDollars> Ledger::spent_by(std::string_view key, std::string_view period) {
  ZUBR_TRY(query, database_.prepare("SELECT amount FROM spent WHERE key = ? AND period = ?"));
  query.bind(1, key);
  query.bind(2, period);
  ZUBR_TRY(found, query.step());
  return PicoDollars{found ? query.integer(0) : 0};
}

Result<void> Ledger::check(const Budget& budget, const std::optional<PicoDollars>& most, const Now& when) {
  const std::string whose = budget.key.empty() ? message("everybody") : message("the key {}", budget.key);
  if (!most) {
    if (budget.allow_unknown) return {};
    return fail(
        ErrorCode::kBudgetExceeded,
        "what this request can cost is unknown, and {} has a budget; a price or --allow-unknown would let it pass",
        whose);
  }
  ZUBR_TRY(spent, spent_by(budget.key, when.name(budget.period)));
  ZUBR_TRY(reserved, reserved_for(budget.key));
  const PicoDollars taken = plus(spent, reserved);
  if (plus(taken, *most) <= budget.amount) return {};
  return fail(ErrorCode::kBudgetExceeded,
              "the budget of {} ({} $, {}) has {} $ spent and {} $ reserved; this request can cost {} $", whose,
              core::dollars_text(budget.amount), period_name(budget.period), core::dollars_text(spent),
              core::dollars_text(reserved), core::dollars_text(*most));
}

Result<Reservation> Ledger::reserve(const Payer& payer, const std::optional<PicoDollars>& most) {
  const std::lock_guard lock(mutex_);
  {
    ZUBR_TRY(any, budgets_of(payer));
    if (any.empty()) return Reservation{};
  }
  const Now when = now();
  ZUBR_TRY(transaction, storage::Transaction::begin(database_));
  ZUBR_CHECK(charge_lost(when));
  ZUBR_TRY(budgets, budgets_of(payer));
  for (const Budget& budget : budgets) ZUBR_CHECK(check(budget, most, when));
  ZUBR_TRY(insert, database_.prepare("INSERT INTO reservation (key, amount, at_ms) VALUES (?, ?, ?)"));
  insert.bind(1, payer.key);
  insert.bind(2, most.value_or(PicoDollars{0}).count);
  insert.bind(3, when.ms);
  ZUBR_CHECK(insert.run());
  const Reservation reservation{database_.last_insert_id()};
  ZUBR_CHECK(transaction.commit());
  return reservation;
}

Result<void> Ledger::charge(std::string_view key, PicoDollars amount, const Now& when) {
  if (amount.count == 0) return {};
  ZUBR_TRY(add, database_.prepare("INSERT INTO spent VALUES (?1, ?2, ?3) ON CONFLICT (key, period) DO UPDATE SET "
                                  "amount = min(amount, 9223372036854775807 - excluded.amount) + excluded.amount"));
  std::vector<std::string_view> owners{""};
  if (!key.empty()) owners.push_back(key);
  for (const std::string_view owner : owners)
    for (const BudgetPeriod period : {BudgetPeriod::kDay, BudgetPeriod::kMonth, BudgetPeriod::kTotal}) {
      add.bind(1, owner);
      add.bind(2, when.name(period));
      add.bind(3, amount.count);
      ZUBR_CHECK(add.run());
    }
  return {};
}

// Nobody knows what became of them; a budget must hold even so.
Result<void> Ledger::charge_lost(const Now& when) {
  std::vector<std::pair<std::string, PicoDollars>> lost;
  {
    ZUBR_TRY(rows, database_.prepare("SELECT key, amount FROM reservation WHERE at_ms < ?"));
    rows.bind(1, when.ms - kLostAfterMs);
    for (;;) {
      ZUBR_TRY(more, rows.step());
      if (!more) break;
      lost.emplace_back(rows.text(0), PicoDollars{rows.integer(1)});
    }
  }
  if (lost.empty()) return {};
  for (const auto& [key, amount] : lost) {
    ZUBR_CHECK(charge(key, amount, when));
    LedgerRow row;
    row.payer.key = key;
    row.fault = "lost";
    ZUBR_CHECK(write_row(row, when, amount, true));
  }
  ZUBR_TRY(remove, database_.prepare("DELETE FROM reservation WHERE at_ms < ?"));
  remove.bind(1, when.ms - kLostAfterMs);
  return remove.run();
}

Result<void> Ledger::write_row(const LedgerRow& row, const Now& when, PicoDollars charged, bool estimated) {
  ZUBR_TRY(insert, database_.prepare(
                       "INSERT INTO attempt (at_ms, day, key, model, provider, provider_model, provider_key, policy, "
                       "privacy, fault, after_output, prompt_tokens, cached_tokens, cache_write_tokens, "
                       "completion_tokens, reasoning_tokens, cost, charged, estimated, first_token_s, seconds) "
                       "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
  int at = 0;
  const auto put = [&](const auto& value) { insert.bind(++at, value); };
  const auto count = [&](std::int64_t Consumption::*member) {
    put(row.consumption ? std::optional((*row.consumption).*member) : std::nullopt);
  };
  put(when.ms);
  for (const std::string* text : {&when.day, &row.payer.key, &row.model, &row.provider, &row.provider_model})
    put(std::string_view(*text));
  put(row.provider_key);
  for (const std::string* text : {&row.policy, &row.privacy, &row.fault}) put(std::string_view(*text));
  put(row.after_output ? 1 : 0);
  count(&Consumption::prompt_tokens);
  count(&Consumption::cached_tokens);
  count(&Consumption::cache_write_tokens);
  count(&Consumption::completion_tokens);
  put(row.reasoning_tokens);
  put(row.cost ? std::optional(row.cost->count) : std::nullopt);
  put(charged.count);
  put(estimated ? 1 : 0);
  put(row.first_token_s);
  put(row.seconds);
  ZUBR_CHECK(insert.run());
  const std::int64_t id = database_.last_insert_id();
  ZUBR_TRY(tags, database_.prepare("INSERT OR IGNORE INTO attempt_tag VALUES (?, ?)"));
  for (const std::string& tag : row.payer.tags) {
    tags.bind(1, id);
    tags.bind(2, tag);
    ZUBR_CHECK(tags.run());
  }
  return {};
}

Result<void> Ledger::settle(const Reservation& reservation, const LedgerRow& row) {
  const std::lock_guard lock(mutex_);
  const Now when = now();
  ZUBR_TRY(transaction, storage::Transaction::begin(database_));
  PicoDollars held;
  if (reservation.id != 0) {
    ZUBR_TRY(query, database_.prepare("SELECT amount FROM reservation WHERE id = ?"));
    query.bind(1, reservation.id);
    ZUBR_TRY(found, query.step());
    if (found) held = {query.integer(0)};
  }
  const PicoDollars charged = row.cost.value_or(held);
  ZUBR_CHECK(write_row(row, when, charged, !row.cost));
  ZUBR_CHECK(charge(row.payer.key, charged, when));
  if (reservation.id != 0) {
    ZUBR_TRY(remove, database_.prepare("DELETE FROM reservation WHERE id = ?"));
    remove.bind(1, reservation.id);
    ZUBR_CHECK(remove.run());
  }
  return transaction.commit();
}

}  // namespace zubr::router
