// The settings of fetching models, and what pull() needs made from them.
#pragma once

#include <vector>

#include "core/settings.h"
#include "models/pull.h"

namespace zubr::models {

std::vector<core::Setting> pull_settings();

// Endpoints and download options from the settings, the hub's token from the environment (it is no setting, so that
// `zubr config list` cannot show it).
PullOptions pull_options(const core::Settings& settings, const core::Environment& environment);

}  // namespace zubr::models
