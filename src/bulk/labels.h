// A label set: what rows are sorted into.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::bulk {

struct Label {
  std::string name;         // trimmed, not empty, distinct
  std::string description;  // may be empty; shown to the model with --label-descriptions
};

// `spec` is a file (one label per line; CSV with a header `label[,description]`; JSON: an array of strings or of
// {"label","description"}, or an object label → description; by extension) or the labels themselves, separated by
// commas. kInvalidArgument, naming the line and the value, for empty or repeated labels; kTooLarge over 10,000.
Result<std::vector<Label>> read_labels(std::string_view spec);

}  // namespace zubr::bulk
