#include "app/wiring.h"

#include <algorithm>
#include <charconv>

#include "app/built_in_model.h"
#include "app/self_tests.h"
#include "app/serve.h"
#include "catalog/update/update_settings.h"
#include "cli/settings.h"
#include "core/machine.h"
#include "engine/engine.h"
#include "engine/llama/build_info.h"
#include "engine/llama/quantize.h"
#include "engine/run_settings.h"
#include "formats/duckdb/version.h"
#include "inference/fake_backend.h"
#include "inference/preset_backend.h"
#include "models/modelfile/preset.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"
#include "router/route_settings.h"
#include "server/settings.h"

namespace zubr::app {
namespace {

engine::Compute compute_of(const std::string& name) {
  if (name == "int8") return engine::Compute::kInt8;
  if (name == "bf16") return engine::Compute::kBf16;
  return name == "auto" ? engine::Compute::kAuto : engine::Compute::kGgml;
}

// "test:fake", or "test:fake:200" with 200 microseconds for each row: a backend without a model, for tests and for
// measuring everything around models.
Result<std::shared_ptr<inference::Backend>> open_fake(const std::string& name) {
  constexpr std::string_view kName = "test:fake";
  std::chrono::microseconds::rep micros = 0;
  const std::string_view rest = std::string_view(name).substr(std::min(kName.size(), name.size()));
  const auto [end, wrong] = std::from_chars(rest.data() + (rest.empty() ? 0 : 1), rest.data() + rest.size(), micros);
  const bool sound = rest.empty() || (rest.front() == ':' && wrong == std::errc{} && end == rest.data() + rest.size());
  if (!name.starts_with(kName) || !sound)
    return fail(ErrorCode::kNotFound, "there is no model '{}'; for tests there is {}, and {}:N", name, kName, kName);
  return std::make_shared<inference::FakeBackend>(
      inference::FakeOptions{.per_row = std::chrono::microseconds(std::max<decltype(micros)>(0, micros))});
}

Result<std::shared_ptr<inference::Backend>> open_backend(const cli::BackendSpec& spec) {
  if (spec.file.empty()) return open_fake(spec.name);
  engine::ModelOptions options;
  options.path = spec.file;
  options.name = spec.name;
  options.threads = spec.threads > 0 ? spec.threads : core::usable_cores();
  options.context_tokens = spec.context_tokens;
  options.parallel = spec.parallel;
  options.compute = compute_of(spec.compute);
  options.progress = spec.progress;
  options.projector = spec.projector;
  ZUBR_TRY(wishes, models::opening_wishes(spec.recipe));
  ZUBR_TRY(preset, models::preset_of(spec.recipe));
  options.chat_template = wishes.chat_template;
  options.adapters = wishes.adapters;
  if (options.context_tokens == 0) options.context_tokens = wishes.context_tokens;
  engine::RunOptions run;
  if (spec.settings) {
    ZUBR_TRY(wanted, engine::run_options(*spec.settings));
    run = std::move(wanted);
  }
  ZUBR_TRY(engine, engine::Engine::open(options, run));
  std::shared_ptr<inference::Backend> backend = std::move(engine);
  if (spec.recipe.empty()) return backend;
  return std::make_shared<inference::PresetBackend>(std::move(backend), std::move(preset));
}

Result<cli::Quantized> quantize(const cli::QuantizeSpec& spec, std::stop_token stop) {
  ZUBR_TRY(type, engine::quantization_type(spec.type));
  ZUBR_TRY(report, engine::quantize({.from = spec.from,
                                     .to = spec.to,
                                     .type = type,
                                     .importance = spec.importance,
                                     .threads = spec.threads > 0 ? spec.threads : core::usable_cores(),
                                     .progress = spec.progress},
                                    stop));
  return cli::Quantized{report.bytes_before, report.bytes_after, report.requantized};
}

std::vector<cli::QuantizationName> quantizations() {
  std::vector<cli::QuantizationName> names;
  for (const auto& type : engine::quantization_types())
    names.push_back({std::string(type.name), std::string(type.about)});
  return names;
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
  registry.declare(engine::run_settings());
  registry.declare(router::route_settings());
  return registry;
}

cli::Services all_services() {
  return {.open_backend = open_backend,
          .serve = serve,
          .version = ZUBR_VERSION,
          .components = components,
          .self_tests = self_tests,
          .built_in_model = built_in_model(),
          .check_loads = engine::check_loads,
          .quantize = quantize,
          .quantizations = quantizations};
}

}  // namespace zubr::app
