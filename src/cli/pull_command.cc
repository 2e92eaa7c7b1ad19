// zubr pull
#include <algorithm>
#include <ostream>

#include "cli/catalog_open.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "models/hub/hub_files.h"
#include "models/others/foreign_stores.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

struct PullArguments {
  std::string ref;
  models::PullWishes wishes;
  bool from_ollama = false, from_hub_cache = false;
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

// What another program has is shared, not fetched.
Result<int> pull_from_here(const PullArguments& arguments, const models::ModelRef& ref, Session& session) {
  const core::Environment environment = core::process_environment();
  const auto* registry = std::get_if<models::RegistryRef>(&ref);
  const auto* hub = std::get_if<models::HubRef>(&ref);
  if (arguments.from_ollama ? registry == nullptr : hub == nullptr)
    return fail(ErrorCode::kInvalidArgument, "'{}' is not how {} names a model", arguments.ref,
                arguments.from_ollama ? "Ollama" : "Hugging Face");
  ZUBR_TRY(folder, arguments.from_ollama ? models::ollama_folder(environment) : models::hub_cache_folder(environment));
  ZUBR_TRY(files,
           arguments.from_ollama ? models::find_in_ollama(folder, *registry) : models::find_in_hub_cache(folder, *hub));
  const std::string kind = hub != nullptr ? models::quantization_of(files.models.front().filename().string()) : "";
  const std::string name = arguments.wishes.name.empty() ? models::default_name(ref, kind) : arguments.wishes.name;
  if (arguments.wishes.dry_run) {
    for (const auto& file : files.files) session.console.out << file.file.string() << "\n";
    return kExitOk;
  }
  const auto meter = session.progress_meter();
  meter->start(message("checking {}", folder.string()), "MB");
  const auto adopted = models::adopt_files(
      session.home, session.store, files,
      {.name = name,
       .source = models::ref_text(ref),
       .replace = arguments.wishes.replace,
       .check = session.services.check_loads},
      [&](std::uint64_t done, std::uint64_t total) {
        meter->update(static_cast<std::int64_t>(done / 1'000'000), static_cast<std::int64_t>(total / 1'000'000));
      },
      session.interrupt.token());
  meter->finish();
  if (!adopted) return fail(adopted.error());
  session.console.err << message("'{}' is here: {} shared with {}, {} copied; to try it: zubr run {}", name,
                                 core::display_bytes(adopted->linked), folder.string(),
                                 core::display_bytes(adopted->copied), name)
                      << "\n";
  for (const std::string& note : files.notes) session.console.err << message("note: {}", note) << "\n";
  return kExitOk;
}

// What the registry does not know, the catalog may know under another address.
Result<models::ModelRef> by_catalog(const std::string& name, const Error& missing, Session& session) {
  auto catalog = open_catalog(session);
  if (!catalog) return fail(missing);
  const auto id = catalog->resolve(name);
  if (!id) return fail(id.error().code() == ErrorCode::kInvalidArgument ? id.error() : missing);
  const auto card = catalog->card(*id);
  if (!card || card->files.empty()) return fail(missing);
  const auto usual = std::ranges::find(card->files, "Q4_K_M", &catalog::ModelFile::quantization);
  if (usual == card->files.end() && card->files.size() > 1) {
    std::string choices;
    for (std::size_t i = 0; i < std::min<std::size_t>(card->files.size(), 10); ++i)
      choices += (i > 0 ? ", " : "") + card->files[i].name;
    return fail(ErrorCode::kInvalidArgument, "'{}' can be had as: {}; pull one of them", name, choices);
  }
  const std::string& file = usual == card->files.end() ? card->files.front().name : usual->name;
  session.console.err << message("note: {}", message("'{}' is known as {}", name, file)) << "\n";
  return models::parse_model_ref(file);
}

Result<int> pull(const PullArguments& arguments, Session& session) {
  ZUBR_TRY(ref, models::parse_model_ref(arguments.ref));
  if (arguments.from_ollama || arguments.from_hub_cache) return pull_from_here(arguments, ref, session);
  const core::Environment environment = core::process_environment();
  ZUBR_TRY(http, net::http_options(session.settings, environment));
  http.user_agent = "zubr/" + session.services.version;
  net::HttpClient client(http);
  models::PullOptions options = models::pull_options(session.settings, environment);
  options.check = session.services.check_loads;
  models::Puller puller(client, session.home, std::move(options));
  const auto meter = session.progress_meter();
  PullMeter shown(*meter);
  const auto on_pull = [&](const models::PullProgress& now) { shown.show(now); };
  auto report = puller.pull(ref, arguments.wishes, on_pull, session.interrupt.token());
  const auto* registry = std::get_if<models::RegistryRef>(&ref);
  if (!report && report.error().code() == ErrorCode::kNotFound && registry != nullptr && registry->host.empty()) {
    ZUBR_TRY(other, by_catalog(arguments.ref, report.error(), session));
    if (other == ref) return fail(report.error());
    report = puller.pull(other, arguments.wishes, on_pull, session.interrupt.token());
  }
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
                       "  zubr pull llama3.1:8b --from-ollama\n"
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
  CLI::Option* ollama =
      command->add_flag("--from-ollama", arguments->from_ollama,
                        "share what Ollama keeps on this machine (OLLAMA_MODELS); nothing is fetched");
  command
      ->add_flag("--from-hf-cache", arguments->from_hub_cache,
                 "share what Hugging Face's tools keep on this machine (HF_HOME); nothing is fetched")
      ->excludes(ollama);
  for (const char* name : {"models.connections", "models.limit_rate", "net.proxy", "net.ca_file", "progress"})
    line.add_setting(*command, name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return pull(*arguments, session); }; });
}

}  // namespace zubr::cli
