// zubr serve
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"

namespace zubr::cli {
namespace {

Result<int> serve(Session& session) {
  std::ostream& err = session.console.err;
  const int parallel = static_cast<int>(session.settings.integer("serve.parallel"));
  ServeOptions options{.host = session.settings.text("serve.host"),
                       .port = static_cast<int>(session.settings.integer("serve.port")),
                       .settings = &session.settings};
  if (!session.settings.text("model").empty()) {
    ZUBR_TRY(model, session.find_model({}));
    ZUBR_TRY(backend, session.open_model(model, parallel));
    options.model = std::move(model);
    options.loaded = std::move(backend);
  }
  options.open = [&session, parallel](const models::ResolvedModel& model, int context, std::stop_token stop) {
    BackendSpec spec = session.backend_spec(model, parallel);
    spec.context_tokens = context;
    spec.progress = [stop](float) { return !stop.stop_requested(); };
    return session.services.open_backend(spec);
  };
  options.ready = [&](std::string_view url) {
    err << (options.model ? message("serving {} at {}; Ctrl-C stops", options.model->name, url)
                          : message("serving the models of this machine at {}; Ctrl-C stops", url))
        << std::endl;
  };
  options.stopped = [&](std::int64_t finished, std::int64_t cancelled) {
    if (finished + cancelled == 0) return;
    err << message("requests still running then: {} finished, {} cancelled", finished, cancelled) << "\n";
  };
  auto served = session.services.serve(options, session.interrupt.token());
  if (!served && served.error().code() != ErrorCode::kCancelled) return fail(std::move(served).error());
  session.console.err << message("stopped serving") << "\n";
  return kExitOk;
}

}  // namespace

void add_serve(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(
      root, "serve", "Answer HTTP requests in the forms of OpenAI, Ollama, Anthropic and llama-server", "Models",
      "  zubr serve\n"
      "  zubr serve --model tinytalk --port 8080\n"
      "Requests name a model of `zubr models list`; it is loaded when it is asked for, and unloaded\n"
      "when nobody did for a while or its memory is needed. --model is loaded at once, stays, and is\n"
      "meant by requests that name none. Ctrl-C lets running answers end.\n");
  for (const char* name : {"model", "threads", "context", "compute", "progress"}) line.add_setting(*command, name);
  for (const core::Setting& setting : line.registry().all())
    if (setting.name.starts_with("serve.") || setting.name.starts_with("engine."))
      line.add_setting(*command, setting.name);
  command->callback([&line] { line.action = serve; });
}

}  // namespace zubr::cli
