// What the commands of `zubr job` say about jobs. Pure.
#pragma once

#include <string>
#include <vector>

#include "bulk/job/job.h"
#include "cli/json_text.h"

namespace zubr::cli {

Json job_json(const bulk::JobStatus& status);
// A few lines for one job.
std::string job_lines(const bulk::JobStatus& status);
// A table of all.
std::string job_table(const std::vector<bulk::JobStatus>& jobs);
// One line when a run ends: what became of it, and what to do next.
std::string job_outcome(const bulk::JobStatus& status);

}  // namespace zubr::cli
