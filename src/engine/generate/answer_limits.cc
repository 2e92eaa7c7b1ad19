#include "engine/generate/answer_limits.h"

#include "engine/llama/tokenizer.h"

namespace zubr::engine {
namespace {

constexpr std::size_t kMaxStops = 64;
constexpr std::size_t kMaxStopBytes = 1024;

}  // namespace

Result<void> check_stops(const std::vector<std::string>& stops) {
  if (stops.size() > kMaxStops)
    return fail(ErrorCode::kInvalidArgument, "there are {} stop strings, the most is {}", stops.size(), kMaxStops);
  for (const std::string& stop : stops) {
    if (stop.empty() || stop.size() > kMaxStopBytes || !is_valid_utf8(stop))
      return fail(ErrorCode::kInvalidArgument, "a stop string has {} bytes; it has to be UTF-8 of 1 to {} bytes",
                  stop.size(), kMaxStopBytes);
  }
  return {};
}

}  // namespace zubr::engine
