// zubr pull
#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

struct PullArguments {
  std::string ref;
  models::PullWishes wishes;
};

// One stage per file. What an earlier pull left does not count, or the rate would be wrong.
class PullMeter {
 public:
  explicit PullMeter(core::ProgressMeter& meter) : meter_(meter) {}

  void show(const models::PullProgress& now) {
    const models::DownloadProgress& download = now.download;
    const bool waiting = download.phase == models::DownloadPhase::kWaiting;
    const std::string stage = waiting ? message("waiting for another zubr that pulls {}", now.item->file)
                              : download.phase == models::DownloadPhase::kVerifying
                                  ? message("checking {}", now.item->file)
                                  : message("pulling {} ({} of {})", now.item->file, now.index + 1, now.count);
    const bool large = std::max(download.done, download.total.value_or(0)) >= kLarge;
    if (stage != stage_) meter_.start(stage, large ? "MB" : "kB");
    stage_ = stage;
    const std::uint64_t unit = large ? 1'000'000 : 1'000;
    const std::uint64_t before = download.done - std::min(download.fetched, download.done);
    const std::uint64_t total = download.total ? *download.total - std::min(before, *download.total) : 0;
    meter_.update(static_cast<std::int64_t>(download.fetched / unit), static_cast<std::int64_t>(total / unit));
  }

 private:
  static constexpr std::uint64_t kLarge = 20'000'000;
  core::ProgressMeter& meter_;
  std::string stage_;
};

std::string size_text(const models::PullItem& item) { return item.size > 0 ? core::display_bytes(item.size) : "?"; }

void show_plan(const models::PullReport& report, Session& session) {
  session.console.out << message("{} would be called '{}':", report.source, report.name) << "\n";
  TableText table({message("WHAT"), message("SIZE"), message("STATE"), message("FILE")});
  for (const models::PullItem& item : report.items)
    table.add_row({item.what, size_text(item), item.here ? message("here") : message("to fetch"), item.file});
  session.console.out << table.text();
}

void show_result(const models::PullReport& report, Session& session) {
  std::uint64_t bytes = 0;
  for (const models::PullItem& item : report.items) bytes += item.size;
  session.console.err << message("'{}' is here: {} from {}, {} of it fetched now; to try it: zubr run {}", report.name,
                                 core::display_bytes(bytes), report.source, core::display_bytes(report.fetched),
                                 report.name)
                      << "\n";
}

Result<int> pull(const PullArguments& arguments, Session& session) {
  ZUBR_TRY(ref, models::parse_model_ref(arguments.ref));
  const core::Environment environment = core::process_environment();
  ZUBR_TRY(http, net::http_options(session.settings, environment));
  http.user_agent = "zubr/" + session.services.version;
  net::HttpClient client(http);
  models::Puller puller(client, session.home, models::pull_options(session.settings, environment));
  const auto meter = session.progress_meter();
  PullMeter shown(*meter);
  const auto report = puller.pull(
      ref, arguments.wishes, [&](const models::PullProgress& now) { shown.show(now); }, session.interrupt.token());
  meter->finish();
  if (!report) return fail(report.error());
  if (arguments.wishes.dry_run) {
    show_plan(*report, session);
  } else {
    show_result(*report, session);
  }
  for (const std::string& note : report->notes) session.console.err << message("note: {}", note) << "\n";
  return kExitOk;
}

}  // namespace

void add_pull(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "pull", "Fetch a model and give it a name", "Models",
                       "  zubr pull llama3.1:8b\n"
                       "  zubr pull hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0 --name llama\n"
                       "  zubr pull https://example.com/model.gguf --dry-run\n"
                       "What was fetched before is not fetched again; an interrupted pull goes on where it was.\n");
  const auto arguments = std::make_shared<PullArguments>();
  command
      ->add_option("REF", arguments->ref,
                   "llama3.1:8b, ns/model:tag, hf.co/user/repo[:Q4_K_M|file], oci://host/…, https://….gguf, file:…")
      ->required()
      ->type_name("REF");
  command->add_option("--name", arguments->wishes.name, "how to call it here: a-z 0-9 . _ : -")->type_name("NAME");
  command->add_flag("--replace", arguments->wishes.replace, "take the name from the model that has it");
  command->add_flag("--dry-run", arguments->wishes.dry_run, "show what would be fetched");
  for (const char* name : {"models.connections", "models.limit_rate", "net.proxy", "net.ca_file", "progress"})
    line.add_setting(*command, name);
  command->callback([&line, arguments] {
    line.action = [arguments](Session& session) { return pull(*arguments, session); };
  });
}

}  // namespace zubr::cli
