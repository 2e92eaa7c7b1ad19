#include "app/serve.h"

#include <condition_variable>
#include <mutex>

#include "app/built_in_model.h"
#include "app/serve_operation.h"
#include "app/stored_model_host.h"
#include "catalog/answers/desk.h"
#include "core/log.h"
#include "core/machine.h"
#include "engine/llama/quantize.h"
#include "models/pull_settings.h"
#include "net/http_client.h"
#include "net/net_settings.h"
#include "server/server.h"
#include "server/settings.h"
#include "server/shelf/stored_models.h"

namespace zubr::app {
namespace {

void wait_for(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop, [] { return false; });
}

Result<std::shared_ptr<server::ModelShelf>> open_shelf(const core::Settings& settings) {
  const core::Environment environment = core::process_environment();
  ZUBR_TRY(home, core::zubr_home(environment));
  ZUBR_TRY(http, net::http_options(settings, environment));
  http.user_agent = "zubr/" ZUBR_VERSION;
  models::PullOptions pull = models::pull_options(settings, environment);
  pull.check = engine::check_loads;
  return std::make_shared<server::StoredModels>(server::StoredModels::Options{
      .home = std::move(home), .shipped = built_in_model(), .pull = std::move(pull), .http = std::move(http)});
}

// Of whom nobody knows where they point: only public addresses, and not for long.
Result<server::MediaFetcher> media_fetcher(const core::Settings& settings) {
  if (!settings.enabled("serve.fetch_media")) return server::MediaFetcher();
  ZUBR_TRY(http, net::http_options(settings, core::process_environment()));
  http.user_agent = "zubr/" ZUBR_VERSION;
  http.connect_timeout = http.stall_timeout = std::chrono::seconds(10);
  http.max_redirects = 3;
  http.public_addresses_only = true;
  const auto client = std::make_shared<net::HttpClient>(http);
  return server::MediaFetcher([client](const std::string& url, std::stop_token stop) -> Result<std::string> {
    constexpr std::size_t kMostBytes = 20u << 20;
    ZUBR_TRY(answer, client->fetch({.url = url, .max_body_bytes = kMostBytes}, stop));
    if (!answer.ok()) return fail(ErrorCode::kInvalidArgument, "{} answered with status {}", url, answer.status);
    return std::move(answer.body);
  });
}

Result<std::unique_ptr<StoredModelHost>> open_host(const cli::ServeOptions& options,
                                                   const std::filesystem::path& home) {
  const core::Settings& settings = *options.settings;
  ZUBR_TRY(hosting, server::hosting_options(settings));
  StoredModelHost::Options wanted(models::ModelStore(home / "models", built_in_model()));
  wanted.model = options.model;
  wanted.loaded = options.loaded;
  wanted.open = options.open;
  wanted.context_tokens = static_cast<int>(settings.integer("context"));
  wanted.parallel = static_cast<int>(settings.integer("serve.parallel"));
  wanted.packed = settings.text("compute") != "ggml";
  wanted.machine_memory = core::memory_info().total;
  wanted.memory = hosting.memory > 0 ? hosting.memory : wanted.machine_memory / 10 * 9;
  wanted.keep_alive = hosting.keep_alive;
  wanted.pinned = std::move(hosting.pinned);
  return StoredModelHost::open(std::move(wanted));
}

}  // namespace

Result<void> serve(const cli::ServeOptions& options, std::stop_token stop) {
  server::ServerOptions wanted = server::server_options(*options.settings);
  wanted.host = options.host;
  wanted.port = options.port;
  wanted.version = ZUBR_VERSION;
  ZUBR_TRY(fetcher, media_fetcher(*options.settings));
  wanted.fetch_media = std::move(fetcher);
  ZUBR_TRY(shelf, open_shelf(*options.settings));
  wanted.shelf = std::move(shelf);
  ZUBR_TRY(home, core::zubr_home(core::process_environment()));
  wanted.desk = std::make_shared<catalog::Desk>(home);
  ZUBR_CHECK(add_operation(*options.settings, wanted));
  const std::chrono::milliseconds time_to_finish = wanted.stop_timeout;
  ZUBR_TRY(host, open_host(options, home));
  ZUBR_TRY(server, server::Server::start(std::move(wanted), *host));
  options.ready(server->url());
  wait_for(stop);
  const server::StopReport report = server->stop(time_to_finish);
  if (options.stopped) options.stopped(report.finished, report.cancelled);
  core::log_info("server stopped: {} requests finished, {} cancelled", report.finished, report.cancelled);
  return {};
}

}  // namespace zubr::app
