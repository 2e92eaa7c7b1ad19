// The body of POST /v1/classify, read strictly: a wrong or unknown field is a 400 that names it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bulk/classify.h"
#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server {

inline constexpr std::size_t kMaxClassifyInputs = 2048;
inline constexpr std::size_t kMaxClassifyLabels = 10'000;

struct ClassifyRequest {
  std::string model;
  std::vector<std::string> inputs;
  bool one_input = false;         // "input" was a string
  bulk::ClassifyOptions options;  // labels and how they are asked for; nothing of tables
  int top = 0;                    // labels in "probabilities"; 0 = all

  // The same for two requests whose texts may be evaluated together.
  std::string label_key() const;
};

ApiResult<ClassifyRequest> parse_classify_request(std::string_view body, const ServerLimits& limits);

}  // namespace zubr::server
