// Jobs: long work over tables that survives its process. A job file (job_file.h) becomes a folder; running it goes
// through four phases - read, find duplicates, work, write - each of which goes on where it was, so that whatever is
// killed and when, every row of the input has exactly one committed result, in input order, and the output has the same
// bytes as that of a run that nothing disturbed (where the models answer the same again). docs/jobs.md tells more.
//
// One process works on a job at a time; any others may look, and ask it to stop. Threads: one call at a time per job.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bulk/job/job_work.h"
#include "bulk/job/step.h"
#include "jobs/job_store.h"

namespace zubr::bulk {

// Keeps the job file, checked, in a new folder.
Result<jobs::JobFolder> create_job(const jobs::JobStore& store, const std::filesystem::path& job_file);

struct JobStatus {
  std::string id, name;
  jobs::JobState state = jobs::JobState::kReady;  // kRunning only while a process works on it
  std::string phase;    // "reading", "deduplicating", "working", "writing"; "" before and after
  std::string message;  // why it is paused or failed
  std::int64_t rows = 0, done_rows = 0, failed_rows = 0;
  std::int64_t duplicate_rows = -1;  // -1: no dedupe step, or not known yet
  bool rows_known = false;           // all of the input is read
  double working_seconds = 0;        // of the steps
  std::filesystem::path output, dead_letter;
};
Result<JobStatus> job_status(const jobs::JobFolder& folder);

struct JobServices {
  ModelOpener open_model;
  std::filesystem::path answers;  // the file of Answers
  const core::Clock* clock = nullptr;
  JobProgressFn progress = {};
  std::int64_t shard_rows = JobWork::kShardRows;  // fewer in tests
};

// Until it is finished, paused or failed; the status says which. An error is one of the job itself (its file, another
// process at work, its folder); what happens to the work (a full disk, a provider, a stop) is in the status.
Result<JobStatus> run_job(const jobs::JobFolder& folder, const JobServices& services, std::stop_token stop);

// Asks the process that works on it, if one does, to stop soon; kCancel ends the job for good.
Result<JobStatus> pause_job(const jobs::JobFolder& folder);
Result<JobStatus> cancel_job(const jobs::JobFolder& folder);
// Failed rows are to be done again by the next run_job(). Returns how many.
Result<std::int64_t> retry_failed_rows(const jobs::JobFolder& folder);
// kUnavailable before the first row is done.
Result<std::int64_t> export_job(const jobs::JobFolder& folder, const std::filesystem::path& file,
                                formats::TableFormat format, std::stop_token stop);

}  // namespace zubr::bulk
