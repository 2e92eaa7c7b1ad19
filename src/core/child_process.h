// Work that may crash, in a process of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::core {

// Runs `program` and returns what it writes to standard output; its standard error is this process's. kInternal, naming
// the signal or status, when it does not end well; kIo when it cannot be started. Nothing is forked that this process
// holds, so any thread may call it whatever the others do.
Result<std::string> output_of(const std::filesystem::path& program, const std::vector<std::string>& arguments);

// Runs `program` and hands over each line of its standard output as it comes; its standard error is this process's.
// When `stop` is asked the program gets SIGTERM, once, and is waited for. Returns its exit status, 128 + the signal's
// number when one ended it. kIo when it cannot be started.
Result<int> lines_of(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                     const std::function<void(std::string_view line)>& on_line, std::stop_token stop);

// This program's own file.
std::filesystem::path own_program();

}  // namespace zubr::core
