// zubr job run | list | status | watch | pause | resume | cancel | retry-failed | export | rm
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <ostream>

#include "bulk/job/job.h"
#include "bulk/job/model_digest.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/job_text.h"

namespace zubr::cli {
namespace {

using bulk::JobStatus;
using jobs::JobFolder;
using jobs::JobState;

struct JobArguments {
  std::string job;   // an id
  std::string file;  // a job file, or an output
  std::string format;
  std::vector<std::string> jobs;
  bool json = false;
};

// Names under which the program has models that are none: for its own tests and measurements.
constexpr std::string_view kTestModels = "test:";

// Each model once, however many steps name it.
bulk::ModelOpener model_opener(Session& session) {
  const auto opened = std::make_shared<std::map<std::string, bulk::OpenedModel>>();
  return [&session, opened](const std::string& name, int parallel, std::stop_token) -> Result<bulk::OpenedModel> {
    if (const auto at = opened->find(name); at != opened->end()) return at->second;
    models::ResolvedModel model;
    std::string digest = name;
    if (name.starts_with(kTestModels)) {
      model.name = name;
    } else {
      ZUBR_TRY(found, session.find_model(name));
      ZUBR_TRY(of_file, bulk::model_digest(found.file));
      digest = of_file;
      if (!found.recipe.empty()) {
        ZUBR_TRY(recipe, models::modelfile_text(found.recipe));
        digest += recipe;
      }
      model = std::move(found);
    }
    ZUBR_TRY(backend, session.open_model(model, parallel));
    return opened->emplace(name, bulk::OpenedModel{std::move(backend), std::move(digest)}).first->second;
  };
}

std::string phase_text(bulk::JobPhase phase) {
  switch (phase) {
    case bulk::JobPhase::kReading: return message("reading");
    case bulk::JobPhase::kDeduplicating: return message("finding duplicates");
    case bulk::JobPhase::kWorking: return message("working");
    case bulk::JobPhase::kWriting: return message("writing");
  }
  return {};
}

int exit_of(const JobStatus& status) {
  switch (status.state) {
    case JobState::kFinished: return kExitOk;
    case JobState::kFailed: return kExitInternal;
    default: return status.message.empty() ? kExitCancelled : kExitInternal;
  }
}

void show(const JobStatus& status, bool json, Session& session) {
  session.console.out << (json ? json_text(job_json(status)) : job_lines(status));
}

Result<int> work_on(const JobFolder& folder, bool json, Session& session) {
  const auto meter = session.progress_meter();
  std::optional<bulk::JobPhase> phase;
  const auto progress = [&](const bulk::JobProgress& now) {
    if (phase != now.phase) meter->start(phase_text(now.phase), "rows", now.done);
    phase = now.phase;
    meter->update(now.done, now.total);
  };
  auto status = bulk::run_job(folder,
                              {.open_model = model_opener(session),
                               .answers = session.home / "jobs" / "answers.db",
                               .clock = &session.clock,
                               .progress = progress},
                              session.interrupt.token());
  if (!status || status->state != JobState::kFinished) meter->cancel();
  if (!status) return fail(std::move(status).error());
  meter->finish();
  session.console.err << job_outcome(*status) << "\n";
  if (json) show(*status, true, session);
  return exit_of(*status);
}

Result<int> run(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, bulk::create_job(jobs::JobStore(session.home), arguments.file));
  session.console.err << message("job {}", folder.id) << "\n";
  return work_on(folder, arguments.json, session);
}

Result<JobFolder> find(const JobArguments& arguments, Session& session) {
  return jobs::JobStore(session.home).find(arguments.job);
}

Result<int> resume(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, find(arguments, session));
  return work_on(folder, arguments.json, session);
}

Result<int> retry_failed(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, find(arguments, session));
  ZUBR_TRY(rows, bulk::retry_failed_rows(folder));
  session.console.err << message("failed rows to do again: {}", rows) << "\n";
  return work_on(folder, arguments.json, session);
}

Result<int> list(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folders, jobs::JobStore(session.home).list());
  std::vector<JobStatus> all;
  std::vector<Json> items;
  for (const JobFolder& folder : folders) {
    ZUBR_TRY(status, bulk::job_status(folder));
    items.push_back(job_json(status));
    all.push_back(std::move(status));
  }
  if (arguments.json)
    session.console.out << json_text(Json::array(std::move(items)));
  else if (all.empty())
    session.console.err << message("there are no jobs; start one: zubr job run FILE.toml") << "\n";
  else
    session.console.out << job_table(all);
  return kExitOk;
}

Result<int> status(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, find(arguments, session));
  ZUBR_TRY(now, bulk::job_status(folder));
  show(now, arguments.json, session);
  return kExitOk;
}

Result<int> watch(const JobArguments& arguments, Session& session) {
  constexpr std::chrono::milliseconds kInterval{500};
  ZUBR_TRY(folder, find(arguments, session));
  const auto meter = session.progress_meter();
  std::string phase = "-";
  std::mutex mutex;
  std::condition_variable_any asked;
  for (;;) {
    ZUBR_TRY(now, bulk::job_status(folder));
    if (now.state != JobState::kRunning || session.interrupt.token().stop_requested()) {
      meter->cancel();
      show(now, arguments.json, session);
      return kExitOk;
    }
    const std::int64_t done = now.rows_known ? now.done_rows : now.rows;
    if (phase != now.phase) meter->start(now.phase, "rows", done);
    phase = now.phase;
    meter->update(done, now.rows_known ? now.rows : 0);
    std::unique_lock lock(mutex);
    asked.wait_for(lock, session.interrupt.token(), kInterval, [] { return false; });
  }
}

Result<int> pause(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, find(arguments, session));
  ZUBR_TRY(now, bulk::pause_job(folder));
  if (arguments.json) show(now, true, session);
  session.console.err << message("{} stops soon; go on with: zubr job resume {}", folder.id, folder.id) << "\n";
  return kExitOk;
}

Result<int> cancel(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, find(arguments, session));
  ZUBR_TRY(now, bulk::cancel_job(folder));
  if (arguments.json) show(now, true, session);
  session.console.err << message("{} ends here; what is done can be written: zubr job export {} FILE", folder.id,
                                 folder.id)
                      << "\n";
  return kExitOk;
}

Result<int> export_rows(const JobArguments& arguments, Session& session) {
  ZUBR_TRY(folder, find(arguments, session));
  ZUBR_TRY(format, formats::format_of(arguments.file));
  ZUBR_TRY(rows, bulk::export_job(folder, arguments.file, format, session.interrupt.token()));
  if (arguments.json)
    session.console.out << json_text(Json::object({{"id", folder.id}, {"rows", rows}, {"file", arguments.file}}));
  session.console.err << message("{} rows are in {}", rows, arguments.file) << "\n";
  return kExitOk;
}

Result<int> remove(const JobArguments& arguments, Session& session) {
  const jobs::JobStore store(session.home);
  for (const std::string& id : arguments.jobs) {
    ZUBR_TRY(folder, store.find(id));
    ZUBR_CHECK(store.remove(folder));
    session.console.err << message("{} is gone; its output stays", folder.id) << "\n";
  }
  return kExitOk;
}

using Action = Result<int> (*)(const JobArguments&, Session&);

std::shared_ptr<JobArguments> bind(CLI::App& command, CommandLine& line, Action action, bool json = true) {
  auto arguments = std::make_shared<JobArguments>();
  if (json) command.add_flag("--json", arguments->json, "as JSON");
  command.callback([&line, arguments, action] {
    line.action = [arguments, action](Session& session) { return action(*arguments, session); };
  });
  return arguments;
}

void add_id(CLI::App& command, JobArguments& arguments) {
  command.add_option("JOB", arguments.job, "an id from `zubr job list`, or its beginning")
      ->required()
      ->type_name(kTextType);
}

void add_working_settings(CLI::App& command, CommandLine& line) {
  for (const char* name : {"model", "threads", "context", "compute", "progress"}) line.add_setting(command, name);
}

}  // namespace

void add_job(CLI::App& root, CommandLine& line) {
  CLI::App* job = line.add_command(root, "job", "Long work over tables that survives whatever happens", "Tables",
                                   "  zubr job run keywords.toml\n  zubr job list\n"
                                   "The format of job files: docs/jobs.md; examples: examples/jobs.\n");
  job->require_subcommand(1);

  CLI::App* run_command = line.add_command(*job, "run", "Start the job that a file describes", "Commands",
                                           "  zubr job run keywords.toml\n"
                                           "Ctrl-C pauses it with its work kept; zubr job resume goes on.\n");
  const auto run_arguments = bind(*run_command, line, run);
  run_command->add_option("FILE", run_arguments->file, "a job file (TOML)")->required()->type_name(kFileType);
  add_working_settings(*run_command, line);

  bind(*line.add_command(*job, "list", "Show all jobs", "Commands", "  zubr job list --json\n"), line, list);

  struct OfOneJob {
    const char* name;
    const char* what;
    const char* example;
    Action action;
    bool works;
  };
  for (const OfOneJob& one :
       {OfOneJob{"status", "Show how far a job is", "  zubr job status keywords-k3p9\n", status, false},
        OfOneJob{"watch", "Follow a job that another process works on", "  zubr job watch keywords\n", watch, false},
        OfOneJob{"pause", "Ask the process that works on a job to stop", "  zubr job pause keywords\n", pause, false},
        OfOneJob{"resume", "Go on with a job that was paused, failed or killed", "  zubr job resume keywords\n", resume,
                 true},
        OfOneJob{"cancel", "End a job for good; what is done stays", "  zubr job cancel keywords\n", cancel, false},
        OfOneJob{"retry-failed", "Do the failed rows again and write the output anew",
                 "  zubr job retry-failed keywords\n", retry_failed, true}}) {
    CLI::App* command = line.add_command(*job, one.name, one.what, "Commands", one.example);
    add_id(*command, *bind(*command, line, one.action));
    if (one.works) add_working_settings(*command, line);
    if (std::string_view(one.name) == "watch") line.add_setting(*command, "progress");
  }

  CLI::App* export_command =
      line.add_command(*job, "export", "Write what is done to another file", "Commands",
                       "  zubr job export keywords so-far.parquet\n"
                       "The format follows the name: .csv .tsv .jsonl (also with .gz or .zst) or .parquet.\n");
  const auto export_arguments = bind(*export_command, line, export_rows);
  add_id(*export_command, *export_arguments);
  export_command->add_option("FILE", export_arguments->file, "where to")->required()->type_name(kFileType);

  CLI::App* rm_command =
      line.add_command(*job, "rm", "Forget jobs; their outputs stay", "Commands", "  zubr job rm keywords-k3p9\n");
  const auto rm_arguments = bind(*rm_command, line, remove, false);
  rm_command->add_option("JOB", rm_arguments->jobs, "ids from `zubr job list`")->required()->type_name(kTextType);
}

}  // namespace zubr::cli
