// The settings of routing: what holds where a request says nothing, and what a request can only tighten.
#pragma once

#include <vector>

#include "core/setting.h"

namespace zubr::router {

std::vector<core::Setting> route_settings();

}  // namespace zubr::router
