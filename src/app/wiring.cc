#include "app/wiring.h"

#include "app/built_in_model.h"
#include "app/self_tests.h"
#include "app/serve.h"
#include "catalog/update/update_settings.h"
#include "cli/settings.h"
#include "core/machine.h"
#include "engine/engine.h"
#include "engine/llama/build_info.h"
#include "formats/duckdb/version.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"
#include "server/settings.h"

namespace zubr::app {
namespace {

Result<std::shared_ptr<inference::Backend>> open_backend(const cli::BackendSpec& spec) {
  engine::ModelOptions options;
  options.path = spec.file;
  options.name = spec.name;
  options.threads = spec.threads > 0 ? spec.threads : core::usable_cores();
  options.context_tokens = spec.context_tokens;
  options.parallel = spec.parallel;
  options.progress = spec.progress;
  ZUBR_TRY(engine, engine::Engine::open(options));
  return std::shared_ptr<inference::Backend>(std::move(engine));
}

std::vector<cli::Component> components() {
  return {{"llama.cpp", engine::llama_cpp_version(), engine::llama_cpp_features()},
          {"DuckDB", formats::duckdb_version()}};
}

}  // namespace

core::SettingsRegistry all_settings() {
  core::SettingsRegistry registry;
  registry.declare(core::core_settings());
  registry.declare(cli::cli_settings());
  registry.declare(net::net_settings());
  registry.declare(models::pull_settings());
  registry.declare(catalog::update_settings());
  registry.declare(server::server_settings());
  return registry;
}

cli::Services all_services() {
  return {.open_backend = open_backend,
          .serve = serve,
          .version = ZUBR_VERSION,
          .components = components,
          .self_tests = self_tests,
          .built_in_model = built_in_model()};
}

}  // namespace zubr::app
