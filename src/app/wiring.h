// Where the concrete types meet: the engine, the server and the settings of every module, as the terminal face needs
// them.
#pragma once

#include "cli/services.h"
#include "core/setting.h"

namespace zubr::app {

core::SettingsRegistry all_settings();
cli::Services all_services();

}  // namespace zubr::app
