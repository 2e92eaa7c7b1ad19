// What a command works with while it runs: the settings, the models, the terminal, Ctrl-C.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "cli/services.h"
#include "core/clock.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "core/settings.h"
#include "models/model_store.h"

namespace zubr::cli {

// Standard streams, or a test's.
struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t width = 80;  // of the terminal behind err
};

class Session {
 public:
  Session(const Services& services_in, core::Settings settings_in, std::filesystem::path home_in, Console& console_in)
      : services(services_in),
        settings(std::move(settings_in)),
        home(std::move(home_in)),
        console(console_in),
        store(home / "models", services_in.built_in_model) {}

  const Services& services;
  core::Settings settings;
  std::filesystem::path home;  // $ZUBR_HOME
  Console& console;
  models::ModelStore store;
  core::SystemClock clock;
  core::Interrupt interrupt;

  // On standard error, following the setting `progress`. One at a time.
  std::unique_ptr<core::ProgressMeter> progress_meter();

  // Resolves a name or path (empty: the setting `model`) and opens it, showing progress. `parallel` as in BackendSpec.
  // kInvalidArgument, with what to do, when no model is named anywhere.
  Result<models::ResolvedModel> find_model(const std::string& named);
  // What opens the model as the settings say; without progress.
  BackendSpec backend_spec(const models::ResolvedModel& model, int parallel) const;
  // `compute`: as the setting of that name, which it is instead of.
  Result<std::shared_ptr<inference::Backend>> open_model(const models::ResolvedModel& model, int parallel,
                                                         const std::string& compute = {});
};

}  // namespace zubr::cli
