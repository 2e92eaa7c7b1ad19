// Work that may crash, in a process of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace zubr::core {

// Runs `program` and returns what it writes to standard output; its standard error is this process's. kInternal, naming
// the signal or status, when it does not end well; kIo when it cannot be started. Nothing is forked that this process
// holds, so any thread may call it whatever the others do.
Result<std::string> output_of(const std::filesystem::path& program, const std::vector<std::string>& arguments);

// This program's own file.
std::filesystem::path own_program();

}  // namespace zubr::core
