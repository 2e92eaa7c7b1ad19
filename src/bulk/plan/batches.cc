#include "bulk/plan/batches.h"

#include <algorithm>
#include <numeric>

namespace zubr::bulk {

std::vector<std::vector<std::uint32_t>> plan_batches(std::span<const std::int64_t> row_tokens,
                                                     const BatchLimits& limits) {
  std::vector<std::uint32_t> order(row_tokens.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, [&](std::uint32_t a, std::uint32_t b) { return row_tokens[a] > row_tokens[b]; });

  std::vector<std::vector<std::uint32_t>> batches;
  std::int64_t tokens = 0;
  for (const std::uint32_t row : order) {
    const bool full =
        !batches.empty() && (std::ssize(batches.back()) >= limits.rows || tokens + row_tokens[row] > limits.tokens);
    if (batches.empty() || full) {
      batches.emplace_back();
      tokens = 0;
    }
    batches.back().push_back(row);
    tokens += row_tokens[row];
  }
  return batches;
}

}  // namespace zubr::bulk
