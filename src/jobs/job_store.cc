#include "jobs/job_store.h"

#include <algorithm>
#include <random>
#include <system_error>

#include "core/atomic_file.h"

namespace zubr::jobs {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kLongestName = 40;
constexpr std::size_t kSuffixLetters = 4;

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, kLongestName)) {
    const bool kept =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (kept && !(plain.empty() && c == '.')) plain += c;
    if (!kept && !plain.empty() && plain.back() != '_') plain += '_';
  }
  return plain.empty() ? "job" : plain;
}

std::string random_letters() {
  constexpr std::string_view kLetters = "abcdefghijkmnpqrstuvwxyz23456789";
  std::random_device device;
  std::string letters;
  for (std::size_t i = 0; i < kSuffixLetters; ++i) letters += kLetters[device() % kLetters.size()];
  return letters;
}

std::string ids_of(const std::vector<JobFolder>& jobs) {
  std::string ids;
  for (const JobFolder& job : jobs) ids += (ids.empty() ? "" : ", ") + job.id;
  return ids.empty() ? message("none") : ids;
}

}  // namespace

Result<JobFolder> JobStore::create(std::string_view name) const {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) return fail(core::system_error("cannot make the folder " + folder_.string(), failed.value()));
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    JobFolder job;
    job.id = plain_name(name) + "-" + random_letters();
    job.path = folder_ / job.id;
    if (fs::create_directory(job.path, failed)) return job;
    if (failed) return fail(core::system_error("cannot make the folder " + job.path.string(), failed.value()));
  }
  return fail(ErrorCode::kAlreadyExists, "there are too many jobs with the name '{}'; remove some: zubr job rm ID",
              name);
}

Result<std::vector<JobFolder>> JobStore::list() const {
  std::vector<std::pair<fs::file_time_type, JobFolder>> found;
  std::error_code failed;
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    if (!fs::exists(at->path() / "job.toml", ignored)) continue;
    found.emplace_back(fs::last_write_time(at->path() / "job.toml", ignored),
                       JobFolder{at->path().filename().string(), at->path()});
  }
  if (failed && failed != std::errc::no_such_file_or_directory)
    return fail(core::system_error("cannot read " + folder_.string(), failed.value()));
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.id < b.second.id;
  });
  std::vector<JobFolder> jobs;
  for (auto& [time, job] : found) jobs.push_back(std::move(job));
  return jobs;
}

Result<JobFolder> JobStore::find(std::string_view id) const {
  ZUBR_TRY(jobs, list());
  std::vector<JobFolder> fitting;
  for (const JobFolder& job : jobs) {
    if (job.id == id) return job;
    if (!id.empty() && job.id.starts_with(id)) fitting.push_back(job);
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) return fail(ErrorCode::kNotFound, "there is no job '{}'; there are: {}", id, ids_of(jobs));
  return fail(ErrorCode::kInvalidArgument, "'{}' is the beginning of several jobs: {}", id, ids_of(fitting));
}

Result<void> JobStore::remove(const JobFolder& job) const {
  ZUBR_TRY(held, lock_job(job));
  std::error_code failed;
  // Without it the folder is no job any more, however far the rest gets.
  fs::remove(job.path / "job.toml", failed);
  if (!failed) fs::remove_all(job.path, failed);
  if (failed) return fail(core::system_error("cannot remove " + job.path.string(), failed.value()));
  return {};
}

Result<core::FileLock> lock_job(const JobFolder& job) {
  // Whoever only looks (is_worked_on) lets go at once.
  auto lock = core::FileLock::acquire(job.path / "lock", std::chrono::milliseconds(200));
  if (!lock && lock.error().code() == ErrorCode::kTimeout)
    return fail(ErrorCode::kUnavailable, "another process works on the job {}; see: zubr job status {}", job.id,
                job.id);
  return lock;
}

bool is_worked_on(const JobFolder& job) {
  const auto lock = core::FileLock::acquire(job.path / "lock", std::chrono::milliseconds(0));
  return !lock && lock.error().code() == ErrorCode::kTimeout;
}

}  // namespace zubr::jobs
