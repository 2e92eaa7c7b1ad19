// The settings of the commands.
#pragma once

#include <vector>

#include "core/setting.h"

namespace zubr::cli {

std::vector<core::Setting> cli_settings();

}  // namespace zubr::cli
