#include "app/serve.h"

#include <condition_variable>
#include <mutex>

#include "core/log.h"
#include "server/server.h"
#include "server/settings.h"

namespace zubr::app {
namespace {

constexpr std::chrono::seconds kTimeToFinish{30};

void wait_for(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
}

}  // namespace

Result<void> serve(const cli::ServeOptions& options, std::shared_ptr<inference::Backend> backend,
                   std::stop_token stop) {
  server::ServerOptions wanted = server::server_options(*options.settings);
  wanted.host = options.host;
  wanted.port = options.port;
  ZUBR_TRY(server, server::Server::start(std::move(wanted), *backend));
  options.ready(server->url());
  wait_for(stop);
  const server::StopReport report = server->stop(kTimeToFinish);
  core::log_info("server stopped: {} requests finished, {} cancelled", report.finished, report.cancelled);
  return {};
}

}  // namespace zubr::app
