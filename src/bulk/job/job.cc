#include "bulk/job/job.h"

#include <charconv>

#include "core/text_file.h"

namespace zubr::bulk {
namespace fs = std::filesystem;
namespace {

using jobs::JobState;

constexpr std::size_t kMaxFileBytes = 1 << 20;

Result<JobSpec> kept_spec(const jobs::JobFolder& folder, jobs::JobLedger& ledger) {
  ZUBR_TRY(base, ledger.fact("folder"));
  ZUBR_TRY(source, ledger.fact("source"));
  ZUBR_TRY(text, core::read_text_file(folder.path / "job.toml", kMaxFileBytes));
  return parse_job(text, source, base);
}

Result<void> run_phases(JobWork& work, const JobServices& services, Answers& answers) {
  const auto enter = [&](const char* phase) { return work.ledger.set_fact("phase", phase); };
  ZUBR_CHECK(enter("reading"));
  ZUBR_CHECK(read_rows(work));
  ZUBR_CHECK(enter("deduplicating"));
  ZUBR_CHECK(find_first_rows(work));
  ZUBR_CHECK(enter("working"));
  ZUBR_CHECK(run_steps(work, {services.open_model, &answers, work.path("spill"), work.spec.limits.concurrency}));
  ZUBR_CHECK(enter("writing"));
  return write_output(work);
}

// What a phase's failure means for the job.
JobState state_after(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kCancelled:
    case ErrorCode::kDiskFull:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
    case ErrorCode::kUnavailable:
    case ErrorCode::kRateLimited:
    case ErrorCode::kIo: return JobState::kPaused;
    default: return JobState::kFailed;
  }
}

Result<void> leave(jobs::JobLedger& ledger, const Result<void>& outcome) {
  ZUBR_TRY(wish, ledger.wish());
  ZUBR_TRY(transaction, ledger.begin());
  JobState state = outcome ? JobState::kFinished : state_after(outcome.error());
  if (!outcome && wish == jobs::Wish::kCancel) state = JobState::kCancelled;
  const bool stopped = !outcome && outcome.error().code() == ErrorCode::kCancelled;
  ZUBR_CHECK(ledger.set_fact("message", outcome || stopped ? std::string() : outcome.error().message()));
  ZUBR_CHECK(ledger.set_state(state));
  ZUBR_CHECK(ledger.set_wish(jobs::Wish::kNone));
  if (outcome) ZUBR_CHECK(ledger.set_fact("phase", ""));
  return transaction.commit();
}

// A state that a job without a process is put into.
Result<JobStatus> set_idle_state(const jobs::JobFolder& folder, JobState state) {
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_TRY(now, ledger.state());
  if (now == JobState::kFinished || now == JobState::kCancelled)
    return fail(ErrorCode::kInvalidArgument, "the job {} is {} already", folder.id, jobs::state_name(now));
  ZUBR_CHECK(ledger.set_state(state));
  return job_status(folder);
}

}  // namespace

Result<jobs::JobFolder> create_job(const jobs::JobStore& store, const fs::path& job_file) {
  ZUBR_TRY(spec, read_job(job_file));
  ZUBR_TRY(text, core::read_text_file(job_file, kMaxFileBytes));
  ZUBR_CHECK(formats::expand_files(spec.input.files, spec.folder));
  std::error_code ignored;
  if (!fs::is_directory(spec.output.file.parent_path(), ignored))
    return fail(ErrorCode::kNotFound, "there is no folder '{}' to write '{}' into; make it first",
                spec.output.file.parent_path().string(), spec.output.file.filename().string());
  ZUBR_TRY(folder, store.create(spec.name));
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_CHECK(ledger.set_fact("name", spec.name));
  ZUBR_CHECK(ledger.set_fact("source", job_file.filename().string()));
  ZUBR_CHECK(ledger.set_fact("folder", spec.folder.string()));
  ZUBR_CHECK(ledger.set_fact("output_path", spec.output.file.string()));
  ZUBR_CHECK(ledger.set_fact("dead_letter_path", spec.output.dead_letter.string()));
  // Last: a folder with it is a job.
  ZUBR_CHECK(core::write_text_file(folder.path / "job.toml", text));
  return folder;
}

Result<JobStatus> job_status(const jobs::JobFolder& folder) {
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  JobStatus status;
  status.id = folder.id;
  const auto read = [&](const char* name, std::string& into) -> Result<void> {
    ZUBR_TRY(value, ledger.fact(name));
    into = std::move(value);
    return {};
  };
  std::string output, dead_letter, duplicates, shape;
  ZUBR_CHECK(read("name", status.name));
  ZUBR_CHECK(read("phase", status.phase));
  ZUBR_CHECK(read("message", status.message));
  ZUBR_CHECK(read("output_path", output));
  ZUBR_CHECK(read("dead_letter", dead_letter));
  ZUBR_CHECK(read("deduplicated", duplicates));
  ZUBR_CHECK(read("shape", shape));
  status.output = output;
  status.dead_letter = dead_letter;
  status.rows_known = !shape.empty();
  if (!duplicates.empty())
    std::from_chars(duplicates.data(), duplicates.data() + duplicates.size(), status.duplicate_rows);
  ZUBR_TRY(state, ledger.state());
  status.state = state;
  if (state == JobState::kRunning && !jobs::is_worked_on(folder)) {
    status.state = JobState::kPaused;
    status.message = message("its process ended before the work did");
  }
  ZUBR_TRY(totals, ledger.totals());
  status.rows = totals.rows;
  status.done_rows = totals.done_rows;
  status.failed_rows = totals.failed_rows;
  status.working_seconds = totals.seconds;
  return status;
}

Result<JobStatus> run_job(const jobs::JobFolder& folder, const JobServices& services, std::stop_token stop) {
  ZUBR_TRY(lock, jobs::lock_job(folder));
  {
    ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
    ZUBR_TRY(state, ledger.state());
    if (state == JobState::kCancelled)
      return fail(ErrorCode::kInvalidArgument, "the job {} was cancelled; it does not go on", folder.id);
    if (state == JobState::kFinished) return job_status(folder);
    ZUBR_CHECK(ledger.set_wish(jobs::Wish::kNone));
    ZUBR_CHECK(ledger.set_state(JobState::kRunning));
  }
  std::stop_source source;
  const std::stop_callback forward(stop, [&] { source.request_stop(); });
  Result<void> outcome = [&]() -> Result<void> {
    ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
    ZUBR_TRY(spec, kept_spec(folder, ledger));
    ZUBR_TRY(work, JobWork::open(folder, std::move(spec), *services.clock, services.progress, source));
    work.shard_rows = services.shard_rows;
    ZUBR_TRY(answers, Answers::open(services.answers, *services.clock));
    return run_phases(work, services, *answers);
  }();
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  // On a full disk this may fail too; the job then is one whose process ended.
  if (const auto left = leave(ledger, outcome); !left && outcome) return fail(left.error());
  ZUBR_TRY(status, job_status(folder));
  if (status.state == JobState::kRunning && !outcome) {
    status.state = state_after(outcome.error());
    status.message = outcome.error().message();
  }
  return status;
}

Result<JobStatus> pause_job(const jobs::JobFolder& folder) {
  if (!jobs::is_worked_on(folder)) return set_idle_state(folder, JobState::kPaused);
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_CHECK(ledger.set_wish(jobs::Wish::kPause));
  return job_status(folder);
}

Result<JobStatus> cancel_job(const jobs::JobFolder& folder) {
  if (!jobs::is_worked_on(folder)) return set_idle_state(folder, JobState::kCancelled);
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_CHECK(ledger.set_wish(jobs::Wish::kCancel));
  return job_status(folder);
}

Result<std::int64_t> retry_failed_rows(const jobs::JobFolder& folder) {
  ZUBR_TRY(lock, jobs::lock_job(folder));
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_TRY(state, ledger.state());
  if (state == JobState::kCancelled)
    return fail(ErrorCode::kInvalidArgument, "the job {} was cancelled; it does not go on", folder.id);
  // The output is written anew; should the process die here, that is all that happens.
  for (const char* fact : {"output", "written_shards", "written_rows", "written_files", "written_bytes"})
    ZUBR_CHECK(ledger.set_fact(fact, ""));
  ZUBR_CHECK(ledger.set_state(JobState::kPaused));
  return ledger.reopen_failed();
}

Result<std::int64_t> export_job(const jobs::JobFolder& folder, const fs::path& file, formats::TableFormat format,
                                std::stop_token stop) {
  // Not while it is worked on: opening the files cuts off what is not committed.
  ZUBR_TRY(lock, jobs::lock_job(folder));
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_TRY(shape, ledger.fact("shape"));
  ZUBR_TRY(totals, ledger.totals());
  if (shape.empty() || totals.done_shards == 0)
    return fail(ErrorCode::kUnavailable, "the job {} has no results yet", folder.id);
  ZUBR_TRY(spec, kept_spec(folder, ledger));
  static const core::SystemClock clock;
  std::stop_source source;
  const std::stop_callback forward(stop, [&] { source.request_stop(); });
  ZUBR_TRY(work, JobWork::open(folder, std::move(spec), clock, {}, source));
  ZUBR_CHECK(read_rows(work));
  ZUBR_CHECK(recall_columns(work));
  return export_rows(work, file, format);
}

}  // namespace zubr::bulk
