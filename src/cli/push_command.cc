// zubr push
#include "models/push.h"

#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "core/display.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

struct PushArguments {
  std::string model, ref;
};

Result<int> push(const PushArguments& arguments, Session& session) {
  ZUBR_TRY(entry, session.store.find(arguments.model));
  ZUBR_TRY(parsed, models::parse_model_ref(arguments.ref));
  const auto* ref = std::get_if<models::RegistryRef>(&parsed);
  if (ref == nullptr)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no place in a registry; write oci://host/path:tag",
                arguments.ref);
  const core::Environment environment = core::process_environment();
  ZUBR_TRY(http, net::http_options(session.settings, environment));
  http.user_agent = "zubr/" + session.services.version;
  net::HttpClient client(http);
  const models::PullOptions pull = models::pull_options(session.settings, environment);
  models::Pusher pusher(client, session.home,
                        {.ollama_registry = pull.ollama_registry, .credentials = pull.credentials});
  const auto meter = session.progress_meter();
  std::string stage;
  const auto report = pusher.push(
      entry, *ref,
      [&](const models::PushProgress& now) {
        const std::string what = now.hashing ? message("checking {}", now.what)
                                             : message("pushing {} ({} of {})", now.what, now.index + 1, now.count);
        if (what != stage) meter->start(what, "MB");
        stage = what;
        meter->update(static_cast<std::int64_t>(now.done / 1'000'000),
                      static_cast<std::int64_t>(now.total / 1'000'000));
      },
      session.interrupt.token());
  meter->finish();
  if (!report) return fail(report.error());
  session.console.err << message("'{}' is at {}: {} sent, {} of {} files were there or are shared", entry.name,
                                 report->target, core::display_bytes(report->sent), report->there + report->mounted,
                                 report->blobs)
                      << "\n";
  session.console.out << report->digest << "\n";
  return kExitOk;
}

}  // namespace

void add_push(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "push", "Put a model into a registry", "Models",
                       "  zubr push support-bot oci://registry.example.com/team/support-bot:v1\n"
                       "Any OCI registry takes it, and `zubr pull` and Ollama read it. User and password are those of\n"
                       "`docker login`. What is there already is not sent again; an interrupted push goes on.\n");
  const auto arguments = std::make_shared<PushArguments>();
  command->add_option("MODEL", arguments->model, "a name from `zubr list`")->required()->type_name(kModelType);
  command->add_option("REF", arguments->ref, "oci://host/path:tag")->required()->type_name("REF");
  for (const char* name : {"net.proxy", "net.ca_file", "progress"}) line.add_setting(*command, name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return push(*arguments, session); }; });
}

}  // namespace zubr::cli
