// Which rows are evaluated together.
//
// Pure: token counts in, batches out. Rows of about equal length share a batch, so that every decode is about equally
// full; a batch never exceeds the scorer's limits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace zubr::bulk {

struct BatchLimits {
  int rows = 64;               // >= 1
  std::int64_t tokens = 1024;  // a row longer than this gets a batch of its own
};

// Indices into `row_tokens`; every index is in exactly one batch. Longest rows first: the peak of memory comes at once.
// Equal input gives equal output.
std::vector<std::vector<std::uint32_t>> plan_batches(std::span<const std::int64_t> row_tokens,
                                                     const BatchLimits& limits);

}  // namespace zubr::bulk
