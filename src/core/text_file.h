// Small files, whole: read with a limit, written through AtomicFile.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::core {

// kNotFound, kPermissionDenied, kInvalidArgument (a directory), kTooLarge (over `max_bytes`), kIo. "-" reads standard
// input.
Result<std::string> read_text_file(const std::filesystem::path& file, std::size_t max_bytes);

// A reader sees the old or the new content, never half of it. Makes missing folders. kPermissionDenied, kDiskFull, kIo.
Result<void> write_text_file(const std::filesystem::path& file, std::string_view text);

}  // namespace zubr::core
