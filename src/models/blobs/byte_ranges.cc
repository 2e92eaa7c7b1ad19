#include "models/blobs/byte_ranges.h"

#include <algorithm>

namespace zubr::models {

void ByteRanges::add(Span span) {
  if (span.first >= span.end) return;
  // The first span that ends at or after the new one's beginning touches it or comes after it.
  auto from = std::ranges::lower_bound(spans_, span.first, {}, &Span::end);
  auto to = from;
  for (; to != spans_.end() && to->first <= span.end; ++to) {
    span.first = std::min(span.first, to->first);
    span.end = std::max(span.end, to->end);
  }
  from = spans_.erase(from, to);
  spans_.insert(from, span);
}

std::uint64_t ByteRanges::size() const {
  std::uint64_t bytes = 0;
  for (const Span& span : spans_) bytes += span.size();
  return bytes;
}

std::uint64_t ByteRanges::prefix() const {
  return spans_.empty() || spans_.front().first != 0 ? 0 : spans_.front().end;
}

std::vector<Span> ByteRanges::missing(Span within) const {
  std::vector<Span> gaps;
  std::uint64_t at = within.first;
  for (auto span = std::ranges::lower_bound(spans_, within.first, {}, &Span::end);
       span != spans_.end() && span->first < within.end; ++span) {
    if (span->first > at) gaps.push_back({at, span->first});
    at = std::max(at, span->end);
  }
  if (at < within.end) gaps.push_back({at, within.end});
  return gaps;
}

}  // namespace zubr::models
