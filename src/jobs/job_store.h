// JobStore: the jobs of one $ZUBR_HOME, a folder each: jobs/<id>/ with state.db and whatever the job's work needs.
//
// An id is the job's name and four letters ("keywords-k3p9"). A job is worked on by at most one process at a time: the
// holder of its lock, which the system takes back when that process dies. Threads: any; nothing is kept.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_lock.h"
#include "core/result.h"

namespace zubr::jobs {

struct JobFolder {
  std::string id;
  std::filesystem::path path;
};

class JobStore {
 public:
  explicit JobStore(const std::filesystem::path& home) : folder_(home / "jobs") {}

  // A new folder. `name` loses what is no letter, digit, "." or "_".
  Result<JobFolder> create(std::string_view name) const;
  // The newest last.
  Result<std::vector<JobFolder>> list() const;
  // By id, or by the beginning of one where only one job has it. kNotFound with the ids there are; kInvalidArgument,
  // with those that fit, when several do.
  Result<JobFolder> find(std::string_view id) const;
  // kUnavailable while a process works on it.
  Result<void> remove(const JobFolder& job) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

// kUnavailable, saying so, when another process works on it.
Result<core::FileLock> lock_job(const JobFolder& job);
// Whether a process holds the lock at this moment.
bool is_worked_on(const JobFolder& job);

}  // namespace zubr::jobs
