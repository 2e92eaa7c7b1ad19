// What the process returns: one table from error codes to exit codes (docs/exit-codes.md is made from it).
#pragma once

#include <string>

#include "core/error.h"

namespace zubr::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitInternal = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitCancelled = 130;

int exit_code(ErrorCode code);

// The page docs/exit-codes.md, as `zubr help exit-codes` prints it.
std::string exit_codes_markdown();

}  // namespace zubr::cli
