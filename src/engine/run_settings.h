// The settings of how models are run, and RunOptions made from them.
#pragma once

#include <vector>

#include "core/settings.h"
#include "engine/run_options.h"

namespace zubr::engine {

std::vector<core::Setting> run_settings();

// kInvalidArgument for a list of adapters that is none.
Result<RunOptions> run_options(const core::Settings& settings);

// "polite=/models/polite.gguf, short=short.gguf" by name.
Result<std::map<std::string, std::filesystem::path>> parse_adapters(std::string_view text);

}  // namespace zubr::engine
