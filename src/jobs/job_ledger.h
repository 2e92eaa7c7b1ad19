// JobLedger: what is durable about one job: its state, what somebody wants of it, facts by name, and its shards.
//
// A job is an ordered table of rows, cut into shards. Of each shard the ledger knows which rows it has, where its input
// lies in one BlockFile and where its result lies in another. What the rows are and what is done to them is not its
// business. Everything between two Changes::commit() happens or nothing does.
//
// The ledger is the SQLite file `state.db` in the job's folder: any number of processes read it while one, the holder
// of the job's lock (job_store.h), works. Threads: one at a time per object.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "storage/database.h"

namespace zubr::jobs {

enum class JobState { kReady, kRunning, kPaused, kFinished, kFailed, kCancelled };
std::string_view state_name(JobState state);  // "ready", "running" …

// What another process asked the running one to do.
enum class Wish { kNone, kPause, kCancel };

struct Extent {
  std::uint64_t at = 0, bytes = 0;
};

struct Shard {
  std::int64_t number = 0;
  std::int64_t first_row = 0;  // of the job, from 0
  std::int64_t rows = 0;
  Extent input = {};
  std::optional<Extent> result = {};  // none: not done
  std::int64_t failed = 0;            // rows of it whose result is an error
  int passes = 0;                     // how often it was done
  double seconds = 0;                 // of work on it
};

struct Totals {
  std::int64_t shards = 0, rows = 0;
  std::int64_t done_shards = 0, done_rows = 0;
  std::int64_t failed_rows = 0;
  double seconds = 0;                      // of work on the shards that are done
  Extent input_end = {}, result_end = {};  // `at`: where the two files end as far as is known here
};

class JobLedger {
 public:
  // Makes the file where it is missing.
  static Result<JobLedger> open(const std::filesystem::path& folder);

  Result<JobState> state();
  Result<void> set_state(JobState state);
  Result<Wish> wish();
  Result<void> set_wish(Wish wish);

  // Small texts by name; "" where there is none.
  Result<std::string> fact(std::string_view name);
  Result<void> set_fact(std::string_view name, std::string_view value);

  Result<Totals> totals();
  Result<std::vector<Shard>> shards();
  // The next shard, by number, that has no result and a number of at least `from`.
  Result<std::optional<Shard>> next_open(std::int64_t from);

  Result<void> add_shard(const Shard& shard);     // without a result
  Result<void> finish_shard(const Shard& shard);  // its result, failed, seconds; counts the pass
  // Shards with failed rows are to be done again. Returns how many rows failed in them.
  Result<std::int64_t> reopen_failed();
  // All shards are forgotten, done or not.
  Result<void> forget_shards();

  // Groups changes; those of a group that is not committed never happened.
  Result<storage::Transaction> begin() { return storage::Transaction::begin(*database_); }

 private:
  explicit JobLedger(std::unique_ptr<storage::Database> database) : database_(std::move(database)) {}
  // By address, because statements and transactions know their database by it.
  std::unique_ptr<storage::Database> database_;
};

}  // namespace zubr::jobs
