// The whole terminal face: parse, run a command, print what went wrong, return the exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/services.h"
#include "cli/session.h"
#include "core/settings.h"

namespace zubr::cli {

// `arguments` without the program's own name. `registry` has at least core_settings(), cli_settings(),
// net_settings() and pull_settings(). Exceptions of
// a defect pass through.
int run_program(const std::vector<std::string>& arguments, const core::SettingsRegistry& registry,
                const Services& services, const core::Environment& environment, Console& console);

}  // namespace zubr::cli
