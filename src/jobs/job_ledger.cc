#include "jobs/job_ledger.h"

#include <array>

namespace zubr::jobs {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE shard (number INTEGER PRIMARY KEY, first_row INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " input_at INTEGER NOT NULL, input_bytes INTEGER NOT NULL, result_at INTEGER, result_bytes INTEGER,"
    " failed INTEGER NOT NULL DEFAULT 0, passes INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0);"
    "CREATE INDEX open_shard ON shard (number) WHERE result_at IS NULL;"};

constexpr std::array<std::string_view, 6> kStates{"ready", "running", "paused", "finished", "failed", "cancelled"};
constexpr std::array<std::string_view, 3> kWishes{"none", "pause", "cancel"};

constexpr const char* kShardColumns =
    "number, first_row, rows, input_at, input_bytes, result_at, result_bytes, failed, passes, seconds";

Shard read_shard(const storage::Statement& row) {
  Shard shard;
  shard.number = row.integer(0);
  shard.first_row = row.integer(1);
  shard.rows = row.integer(2);
  shard.input = {static_cast<std::uint64_t>(row.integer(3)), static_cast<std::uint64_t>(row.integer(4))};
  if (!row.is_null(5))
    shard.result = Extent{static_cast<std::uint64_t>(row.integer(5)), static_cast<std::uint64_t>(row.integer(6))};
  shard.failed = row.integer(7);
  shard.passes = static_cast<int>(row.integer(8));
  shard.seconds = row.number(9);
  return shard;
}

template <std::size_t size>
std::size_t index_of(const std::array<std::string_view, size>& names, std::string_view name) {
  for (std::size_t i = 0; i < size; ++i)
    if (names[i] == name) return i;
  return 0;
}

}  // namespace

std::string_view state_name(JobState state) { return kStates[static_cast<std::size_t>(state)]; }

Result<JobLedger> JobLedger::open(const std::filesystem::path& folder) {
  ZUBR_TRY(database, storage::Database::open(folder / "state.db"));
  ZUBR_CHECK(storage::migrate(database, kSchema));
  return JobLedger(std::make_unique<storage::Database>(std::move(database)));
}

Result<std::string> JobLedger::fact(std::string_view name) {
  ZUBR_TRY(query, database_->prepare("SELECT value FROM fact WHERE name = ?"));
  query.bind(1, name);
  ZUBR_TRY(any, query.step());
  return any ? query.text(0) : std::string();
}

Result<void> JobLedger::set_fact(std::string_view name, std::string_view value) {
  ZUBR_TRY(change, database_->prepare("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)"));
  change.bind(1, name);
  change.bind(2, value);
  return change.run();
}

Result<JobState> JobLedger::state() {
  ZUBR_TRY(name, fact("state"));
  return static_cast<JobState>(index_of(kStates, name));
}

Result<void> JobLedger::set_state(JobState state) { return set_fact("state", state_name(state)); }

Result<Wish> JobLedger::wish() {
  ZUBR_TRY(name, fact("wish"));
  return static_cast<Wish>(index_of(kWishes, name));
}

Result<void> JobLedger::set_wish(Wish wish) { return set_fact("wish", kWishes[static_cast<std::size_t>(wish)]); }

Result<Totals> JobLedger::totals() {
  ZUBR_TRY(query,
           database_->prepare(
               "SELECT count(*), coalesce(sum(rows), 0), count(result_at),"
               " coalesce(sum(rows) FILTER (WHERE result_at IS NOT NULL), 0),"
               " coalesce(sum(failed) FILTER (WHERE result_at IS NOT NULL), 0),"
               " coalesce(sum(seconds) FILTER (WHERE result_at IS NOT NULL), 0.0),"
               " coalesce(max(input_at + input_bytes), 0), coalesce(max(result_at + result_bytes), 0) FROM shard"));
  ZUBR_TRY(any, query.step());
  Totals totals;
  if (!any) return totals;
  totals.shards = query.integer(0);
  totals.rows = query.integer(1);
  totals.done_shards = query.integer(2);
  totals.done_rows = query.integer(3);
  totals.failed_rows = query.integer(4);
  totals.seconds = query.number(5);
  totals.input_end.at = static_cast<std::uint64_t>(query.integer(6));
  totals.result_end.at = static_cast<std::uint64_t>(query.integer(7));
  return totals;
}

Result<std::vector<Shard>> JobLedger::shards() {
  ZUBR_TRY(query, database_->prepare(fmt::format("SELECT {} FROM shard ORDER BY number", kShardColumns)));
  std::vector<Shard> all;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return all;
    all.push_back(read_shard(query));
  }
}

Result<std::optional<Shard>> JobLedger::next_open(std::int64_t from) {
  ZUBR_TRY(query,
           database_->prepare(fmt::format(
               "SELECT {} FROM shard WHERE result_at IS NULL AND number >= ? ORDER BY number LIMIT 1", kShardColumns)));
  query.bind(1, from);
  ZUBR_TRY(any, query.step());
  if (!any) return std::optional<Shard>();
  return std::optional(read_shard(query));
}

Result<void> JobLedger::add_shard(const Shard& shard) {
  ZUBR_TRY(change, database_->prepare("INSERT INTO shard (number, first_row, rows, input_at, input_bytes)"
                                      " VALUES (?, ?, ?, ?, ?)"));
  change.bind(1, shard.number);
  change.bind(2, shard.first_row);
  change.bind(3, shard.rows);
  change.bind(4, static_cast<std::int64_t>(shard.input.at));
  change.bind(5, static_cast<std::int64_t>(shard.input.bytes));
  return change.run();
}

Result<void> JobLedger::finish_shard(const Shard& shard) {
  if (!shard.result) return fail(ErrorCode::kInternal, "shard {} is finished without a result", shard.number);
  ZUBR_TRY(change, database_->prepare("UPDATE shard SET result_at = ?, result_bytes = ?, failed = ?, seconds = ?,"
                                      " passes = passes + 1 WHERE number = ?"));
  change.bind(1, static_cast<std::int64_t>(shard.result->at));
  change.bind(2, static_cast<std::int64_t>(shard.result->bytes));
  change.bind(3, shard.failed);
  change.bind(4, shard.seconds);
  change.bind(5, shard.number);
  ZUBR_CHECK(change.run());
  if (database_->changes() != 1) return fail(ErrorCode::kInternal, "there is no shard {} to finish", shard.number);
  return {};
}

Result<std::int64_t> JobLedger::reopen_failed() {
  ZUBR_TRY(transaction, begin());
  ZUBR_TRY(count, database_->prepare("SELECT coalesce(sum(failed), 0) FROM shard WHERE failed > 0"));
  ZUBR_TRY(any, count.step());
  const std::int64_t rows = any ? count.integer(0) : 0;
  count.reset();
  ZUBR_CHECK(database_->execute("UPDATE shard SET result_at = NULL, result_bytes = NULL, failed = 0 WHERE failed > 0"));
  ZUBR_CHECK(transaction.commit());
  return rows;
}

Result<void> JobLedger::forget_shards() { return database_->execute("DELETE FROM shard"); }

}  // namespace zubr::jobs
