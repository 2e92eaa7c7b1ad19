#include "bulk/job/job_work.h"

namespace zubr::bulk {

Result<JobWork> JobWork::open(const jobs::JobFolder& folder, JobSpec spec, const core::Clock& clock,
                              JobProgressFn progress, std::stop_source stop) {
  ZUBR_TRY(ledger, jobs::JobLedger::open(folder.path));
  ZUBR_TRY(totals, ledger.totals());
  ZUBR_TRY(input, jobs::BlockFile::open(folder.path / "input", totals.input_end.at));
  ZUBR_TRY(results, jobs::BlockFile::open(folder.path / "results", totals.result_end.at));
  JobWork work(folder, std::move(spec), clock, std::move(progress), std::move(stop), std::move(ledger),
               std::move(input), std::move(results));
  work.last_commit_ = clock.now();
  return work;
}

Result<void> JobWork::tell(JobPhase phase, std::int64_t done, std::int64_t total, std::int64_t failed) {
  if (progress) progress({phase, done, total, failed});
  if (clock.now() - last_look_ < kCommitInterval) return {};
  last_look_ = clock.now();
  ZUBR_TRY(wish, ledger.wish());
  if (wish != jobs::Wish::kNone) stop.request_stop();
  return {};
}

bool JobWork::time_to_commit() {
  if (clock.now() - last_commit_ < kCommitInterval) return false;
  last_commit_ = clock.now();
  return true;
}

Result<ShardRows> JobWork::read_input(const jobs::Shard& shard) const {
  ZUBR_TRY(block, input.read(shard.input.at, shard.input.bytes));
  return ShardRows::decode_input(columns, shard.first_row, shard.rows, std::move(block));
}

Result<ShardRows> JobWork::read_result(const jobs::Shard& shard) const {
  if (!shard.result) return fail(ErrorCode::kInternal, "shard {} is not done", shard.number);
  ZUBR_TRY(rows, read_input(shard));
  ZUBR_TRY(block, results.read(shard.result->at, shard.result->bytes));
  ZUBR_CHECK(rows.decode_result(block));
  return rows;
}

}  // namespace zubr::bulk
