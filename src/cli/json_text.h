// JSON for people and scripts: what --json and --report print.
#pragma once

#include "core/json_text.h"

namespace zubr::cli {

using core::Json;
using core::json_text;
using core::JsonMember;

}  // namespace zubr::cli
