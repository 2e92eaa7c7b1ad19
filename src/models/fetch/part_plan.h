// How what is missing of a blob is cut into parts. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "models/blobs/byte_ranges.h"

namespace zubr::models {

struct PartPlanOptions {
  int parallel = 4;                        // connections
  std::uint64_t min_part_bytes = 8 << 20;  // a smaller part is not worth a request of its own
  std::uint64_t max_part_bytes = 128 << 20;
};

// Every missing byte exactly once, in order, so that hashing follows close behind. A gap becomes parts of about the
// same size: a quarter of what one connection has to do, within the two limits, so that a slow connection ends up with
// fewer parts instead of holding the others up.
std::vector<Span> plan_parts(const std::vector<Span>& missing, const PartPlanOptions& options);

}  // namespace zubr::models
