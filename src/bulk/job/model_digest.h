// What tells one model file from another without reading all of its gigabytes.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.h"

namespace zubr::bulk {

// XXH3 over the size, the first and the last mebibyte and 62 pieces of 64 KiB evenly between: header, vocabulary and
// parts of all layers. Two fine-tunings of one model differ in every layer; a file that differs in a few bytes only may
// have the same digest. kNotFound, kIo.
Result<std::string> model_digest(const std::filesystem::path& file);

}  // namespace zubr::bulk
