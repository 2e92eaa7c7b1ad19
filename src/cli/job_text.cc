#include "cli/job_text.h"

#include "cli/table_text.h"
#include "core/display.h"
#include "core/message.h"

namespace zubr::cli {
namespace {

using bulk::JobStatus;
using core::display_count;
using jobs::JobState;

std::string state_text(JobState state) {
  switch (state) {
    case JobState::kReady: return message("ready");
    case JobState::kRunning: return message("running");
    case JobState::kPaused: return message("paused");
    case JobState::kFinished: return message("finished");
    case JobState::kFailed: return message("failed");
    case JobState::kCancelled: return message("cancelled");
  }
  return {};
}

std::string rows_text(const JobStatus& status) {
  if (!status.rows_known) return message("{} read so far", display_count(status.rows));
  return message("{} of {}", display_count(status.done_rows), display_count(status.rows));
}

}  // namespace

Json job_json(const JobStatus& status) {
  std::vector<JsonMember> members{{"id", status.id},
                                  {"name", status.name},
                                  {"state", jobs::state_name(status.state)},
                                  {"phase", status.phase},
                                  {"message", status.message},
                                  {"rows", status.rows_known ? Json(status.rows) : Json(nullptr)},
                                  {"rows_read", status.rows},
                                  {"rows_done", status.done_rows},
                                  {"rows_failed", status.failed_rows},
                                  {"working_s", status.working_seconds},
                                  {"output", status.output.string()},
                                  {"dead_letter", status.dead_letter.string()}};
  if (status.duplicate_rows >= 0) members.emplace_back("rows_duplicate", status.duplicate_rows);
  return Json::object(std::move(members));
}

std::string job_lines(const JobStatus& status) {
  const auto line = [](const std::string& name, const std::string& value) {
    return value.empty() ? std::string() : fmt::format("{:<14}{}\n", name, value);
  };
  std::string lines = line(message("job"), status.id);
  lines += line(message("state"), state_text(status.state));
  lines += line(message("phase"), status.phase);
  lines += line(message("why"), status.message);
  lines += line(message("rows"), rows_text(status));
  if (status.failed_rows > 0) lines += line(message("failed rows"), display_count(status.failed_rows));
  if (status.duplicate_rows >= 0) lines += line(message("duplicates"), display_count(status.duplicate_rows));
  lines += line(message("output"), status.output.string());
  return lines + line(message("dead letter"), status.dead_letter.string());
}

std::string job_table(const std::vector<JobStatus>& jobs) {
  TableText table({message("ID"), message("STATE"), message("ROWS"), message("FAILED"), message("OUTPUT")});
  for (const JobStatus& job : jobs)
    table.add_row({job.id, state_text(job.state), rows_text(job), display_count(job.failed_rows), job.output.string()});
  return table.text();
}

std::string job_outcome(const JobStatus& status) {
  switch (status.state) {
    case JobState::kFinished: {
      std::string line =
          message("{}: {} rows are in {}", status.id, display_count(status.rows), status.output.string());
      if (status.failed_rows > 0)
        line += message("; {} of them failed, see {}; again: zubr job retry-failed {}",
                        display_count(status.failed_rows), status.dead_letter.string(), status.id);
      return line;
    }
    case JobState::kFailed: return message("{} failed: {}", status.id, status.message);
    case JobState::kCancelled: return message("{} was cancelled", status.id);
    default: break;
  }
  if (status.message.empty())
    return message("{} is paused, {} rows are done and safe; go on with: zubr job resume {}", status.id,
                   rows_text(status), status.id);
  return message("{} is paused, {} rows are done and safe: {}; go on with: zubr job resume {}", status.id,
                 rows_text(status), status.message, status.id);
}

}  // namespace zubr::cli
