#include "models/fetch/part_plan.h"

#include <algorithm>

namespace zubr::models {

std::vector<Span> plan_parts(const std::vector<Span>& missing, const PartPlanOptions& options) {
  constexpr std::uint64_t kPartsPerConnection = 4;
  std::uint64_t bytes = 0;
  for (const Span& span : missing) bytes += span.size();
  const std::uint64_t wanted = kPartsPerConnection * static_cast<std::uint64_t>(std::max(options.parallel, 1));
  const std::uint64_t least = std::max<std::uint64_t>(options.min_part_bytes, 1);
  const std::uint64_t part =
      options.parallel <= 1 ? std::max(bytes, least)
                            : std::clamp((bytes + wanted - 1) / wanted, least, std::max(least, options.max_part_bytes));
  std::vector<Span> parts;
  for (const Span& span : missing) {
    if (span.size() == 0) continue;
    // Rounded down: a remainder smaller than a part is spread over the others.
    const std::uint64_t count = std::max<std::uint64_t>(span.size() / part, 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      // size · i / count without overflow
      const auto cut = [&](std::uint64_t n) { return span.size() / count * n + span.size() % count * n / count; };
      parts.push_back({span.first + cut(i), span.first + cut(i + 1)});
    }
  }
  return parts;
}

}  // namespace zubr::models
