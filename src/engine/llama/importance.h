// An importance matrix as llama.cpp's llama-imatrix writes it: a GGUF file with, for every weight matrix, the sums of
// squares of what went into it (NAME.in_sum2) and how often (NAME.counts).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"

namespace zubr::engine {

struct Importance {
  std::string name;           // of the weight matrix
  std::vector<float> values;  // one per column, mean of squares
};

// kCorrupt: no such file format, sums without counts, values that are no numbers.
Result<std::vector<Importance>> read_importance(const std::filesystem::path& file);

}  // namespace zubr::engine
