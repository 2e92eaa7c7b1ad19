// Texts as vectors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace zubr::inference {

struct EmbedRequest {
  std::string model;  // empty: the backend's own
  std::vector<std::string> texts;
  bool normalize = true;  // to length 1, so that a dot product is the cosine
};

struct Embedding {
  std::vector<float> values;
  std::int64_t tokens = 0;
};

}  // namespace zubr::inference
