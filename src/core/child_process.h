// Work that may crash, in a process of its own.
#pragma once

#include <functional>
#include <string>

#include "core/result.h"

namespace zubr::core {

// Runs `work` in a forked copy of this process and returns its text. kInternal, naming the signal or status, when the
// copy died; kIo when none could be made. Call before other threads hold locks that `work` needs.
Result<std::string> run_in_child(const std::function<std::string()>& work);

}  // namespace zubr::core
