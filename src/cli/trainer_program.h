// The program that trains, beside zubr: it alone needs libtorch, so that zubr starts fast and runs without it
// (docs/decisions/0004-trainer-is-a-program.md).
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/settings.h"
#include "train/tune/tune_event.h"

namespace zubr::cli {

// $ZUBR_TRAINER, else zubr-train in the folder of this program. kNotFound says what to install.
Result<std::filesystem::path> find_trainer(const core::Environment& environment);

// Runs it and hands over what it says. Its failure comes back with its own code and words; kUnsupported, saying what to
// install, when it cannot start for want of libtorch; kCancelled when it was stopped.
Result<void> run_trainer(const std::filesystem::path& trainer, const std::vector<std::string>& arguments,
                         const std::function<void(const train::TuneEvent&)>& on_event, std::stop_token stop);

}  // namespace zubr::cli
