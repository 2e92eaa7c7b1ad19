#include "engine/generate/stop_filter.h"

#include <algorithm>
#include <utility>

namespace zubr::engine {
namespace {

// Length of the longest end of `text` that `stop` begins with, the whole of `stop` excluded.
std::size_t partial_match(std::string_view text, std::string_view stop) {
  for (std::size_t length = std::min(text.size(), stop.size() - 1); length > 0; --length) {
    if (text.ends_with(stop.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

std::string StopFilter::push(std::string_view piece) {
  if (stopped_) return {};
  held_ += piece;
  std::size_t found = std::string::npos;
  std::size_t hold = 0;
  for (const std::string& stop : stops_) {
    if (const std::size_t at = held_.find(stop); at < found) {
      found = at;
      found_ = stop;
    }
    hold = std::max(hold, partial_match(held_, stop));
  }
  if (found != std::string::npos) {
    stopped_ = true;
    held_.resize(found);
    return std::exchange(held_, {});
  }
  std::string shown = held_.substr(0, held_.size() - hold);
  held_.erase(0, shown.size());
  return shown;
}

std::string StopFilter::finish() { return std::exchange(held_, {}); }

}  // namespace zubr::engine
