// zubr serve
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"

namespace zubr::cli {
namespace {

Result<int> serve(Session& session) {
  ZUBR_TRY(model, session.find_model({}));
  const int parallel = static_cast<int>(session.settings.integer("serve.parallel"));
  ZUBR_TRY(backend, session.open_model(model, parallel));
  const ServeOptions options{.host = session.settings.text("serve.host"),
                             .port = static_cast<int>(session.settings.integer("serve.port")),
                             .settings = &session.settings,
                             .ready = [&](std::string_view url) {
                               session.console.err << message("serving {} at {}; Ctrl-C stops", model.name, url)
                                                   << std::endl;
                             },
                             .stopped = [&](std::int64_t finished, std::int64_t cancelled) {
                               if (finished + cancelled == 0) return;
                               session.console.err << message("requests still running then: {} finished, {} cancelled",
                                                              finished, cancelled)
                                                   << "\n";
                             }};
  auto served = session.services.serve(options, backend, session.interrupt.token());
  if (!served && served.error().code() != ErrorCode::kCancelled) return fail(std::move(served).error());
  session.console.err << message("stopped serving") << "\n";
  return kExitOk;
}

}  // namespace

void add_serve(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "serve", "Answer HTTP requests in the form of the OpenAI API", "Models",
                       "  zubr serve --model tinytalk --port 8080\n"
                       "Paths: /v1/models, /v1/chat/completions, /healthz. Ctrl-C lets running answers end.\n");
  for (const char* name : {"model", "threads", "context", "compute", "progress"}) line.add_setting(*command, name);
  for (const core::Setting& setting : line.registry().all())
    if (setting.name.starts_with("serve.")) line.add_setting(*command, setting.name);
  command->callback([&line] { line.action = serve; });
}

}  // namespace zubr::cli
