// JobWork: what the phases of a job share: its description, its ledger and files, who wants to know of it.
//
// Files of a job's folder: job.toml (as it was given), state.db (jobs::JobLedger), input and results (blocks), firsts
// (bulk/job/first_rows.h), parts/ (Parquet on its way out), spill/ and dedupe/ (for the time of one phase).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "bulk/job/job_file.h"
#include "bulk/job/shard_rows.h"
#include "core/clock.h"
#include "core/result.h"
#include "jobs/block_file.h"
#include "jobs/job_ledger.h"
#include "jobs/job_store.h"

namespace zubr::bulk {

enum class JobPhase { kReading, kDeduplicating, kWorking, kWriting };

struct JobProgress {
  JobPhase phase = JobPhase::kReading;
  std::int64_t done = 0;   // rows
  std::int64_t total = 0;  // 0: not known yet
  std::int64_t failed = 0;
};
using JobProgressFn = std::function<void(const JobProgress&)>;

class JobWork {
 public:
  // A shard ends behind so many rows, or bytes of them.
  static constexpr std::int64_t kShardRows = 65536;  // where nobody wants fewer
  static constexpr std::size_t kShardBytes = 8u << 20;
  // What is done is written down at least so often.
  static constexpr std::chrono::milliseconds kCommitInterval{250};

  // Opens the files as the ledger says they are. The caller holds the job's lock.
  static Result<JobWork> open(const jobs::JobFolder& folder, JobSpec spec, const core::Clock& clock,
                              JobProgressFn progress, std::stop_source stop);

  // Tells whoever asked how far it is, and asks the ledger, now and then, whether somebody wants it to stop.
  Result<void> tell(JobPhase phase, std::int64_t done, std::int64_t total, std::int64_t failed = 0);
  // Since the last true answer kCommitInterval has passed.
  bool time_to_commit();
  std::stop_token stop_token() const { return stop.get_token(); }
  tl::unexpected<Error> stopped() const { return fail(ErrorCode::kCancelled, "the job was stopped"); }

  // Rows of a shard as they were read, or with what the steps made of them too.
  Result<ShardRows> read_input(const jobs::Shard& shard) const;
  Result<ShardRows> read_result(const jobs::Shard& shard) const;

  std::filesystem::path path(const char* name) const { return folder.path / name; }

  jobs::JobFolder folder;
  JobSpec spec;
  const core::Clock& clock;
  JobProgressFn progress;
  std::stop_source stop;
  jobs::JobLedger ledger;
  jobs::BlockFile input, results;
  ColumnMap columns;
  std::int64_t shard_rows = kShardRows;

 private:
  JobWork(jobs::JobFolder folder_in, JobSpec spec_in, const core::Clock& clock_in, JobProgressFn progress_in,
          std::stop_source stop_in, jobs::JobLedger ledger_in, jobs::BlockFile input_in, jobs::BlockFile results_in)
      : folder(std::move(folder_in)),
        spec(std::move(spec_in)),
        clock(clock_in),
        progress(std::move(progress_in)),
        stop(std::move(stop_in)),
        ledger(std::move(ledger_in)),
        input(std::move(input_in)),
        results(std::move(results_in)) {}

  core::Clock::TimePoint last_commit_{}, last_look_{};
};

// The phases, in their order. Each goes on where it was, and does nothing when it is over.
// kCancelled: stopped; what is done is safe.
Result<void> read_rows(JobWork& work);
Result<void> find_first_rows(JobWork& work);
// Rows that have a result when it returns have it for good; opens models only when there is something to do.
struct StepTools;
Result<void> run_steps(JobWork& work, const StepTools& tools);
Result<void> write_output(JobWork& work);
// Everything that is done, somewhere else; the job's own output is not touched. Returns the rows written.
Result<std::int64_t> export_rows(JobWork& work, const std::filesystem::path& file, formats::TableFormat format);

// Puts the columns that the steps add into work.columns; for phases that run without the steps.
Result<void> recall_columns(JobWork& work);

}  // namespace zubr::bulk
