// What PARAMETER lines mean (https://docs.ollama.com/modelfile#valid-parameters-and-values). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace zubr::models {

struct ModelParameters {
  std::optional<double> temperature = {}, top_p = {}, min_p = {}, typical_p = {};
  std::optional<double> repeat_penalty = {}, presence_penalty = {}, frequency_penalty = {};
  std::optional<std::int64_t> top_k = {}, repeat_last_n = {}, seed = {};
  std::optional<std::int64_t> num_ctx = {};      // tokens of context; 0 = what the model was trained for
  std::optional<std::int64_t> num_predict = {};  // the most tokens of an answer; below 0 = no limit
  std::vector<std::string> stop = {};
  std::vector<std::string> ignored = {};  // names that Ollama knows and that change nothing here
};

// The last line of a name counts; `stop` collects. kInvalidArgument: a name that does not exist (with the nearest), a
// value that is no number or out of range (with the range).
Result<ModelParameters> read_parameters(const std::vector<std::pair<std::string, std::string>>& lines);

}  // namespace zubr::models
