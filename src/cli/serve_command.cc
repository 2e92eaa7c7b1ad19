// zubr serve
#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"

namespace zubr::cli {
namespace {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma > at) parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

Result<int> serve(Session& session) {
  ZUBR_TRY(model, session.find_model({}));
  const int parallel = static_cast<int>(session.settings.integer("serve.parallel"));
  ZUBR_TRY(backend, session.open_model(model, parallel));
  const ServeOptions options{.host = session.settings.text("serve.host"),
                             .port = static_cast<int>(session.settings.integer("serve.port")),
                             .allow_public = session.settings.enabled("serve.allow_public"),
                             .allowed_hosts = split_at_commas(session.settings.text("serve.allowed_hosts")),
                             .allowed_origins = split_at_commas(session.settings.text("serve.allowed_origins")),
                             .ready = [&](std::string_view url) {
                               session.console.err << message("serving {} at {}; Ctrl-C stops", model.name, url) << std::endl;
                             }};
  auto served = session.services.serve(options, backend, session.interrupt.token());
  if (!served && served.error().code() != ErrorCode::kCancelled) return fail(std::move(served).error());
  session.console.err << message("stopped serving") << "\n";
  return kExitOk;
}

}  // namespace

void add_serve(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "serve", "Answer HTTP requests in the form of the OpenAI API", "Models",
                                       "  zubr serve --model tinytalk --port 8080\n"
                                       "Paths: /v1/models, /v1/chat/completions, /healthz. Ctrl-C lets running answers end.\n");
  for (const char* name : {"model", "serve.host", "serve.port", "serve.parallel", "serve.allow_public",
                           "serve.allowed_hosts", "serve.allowed_origins", "threads", "context", "progress"})
    line.add_setting(*command, name);
  command->callback([&line] { line.action = serve; });
}

}  // namespace zubr::cli
