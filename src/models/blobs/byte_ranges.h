// Which bytes of a file are there: a set of half-open ranges, kept sorted, apart and merged. A plain value.
#pragma once

#include <cstdint>
#include <vector>

namespace zubr::models {

struct Span {
  std::uint64_t first = 0;
  std::uint64_t end = 0;  // one past the last byte
  std::uint64_t size() const { return end - first; }
  bool operator==(const Span&) const = default;
};

class ByteRanges {
 public:
  void add(Span span);
  void clear() { spans_.clear(); }

  std::uint64_t size() const;    // bytes in the set
  std::uint64_t prefix() const;  // bytes from 0 on without a gap
  bool covers(Span span) const { return missing(span).empty(); }
  // The parts of `within` that are not in the set, in order.
  std::vector<Span> missing(Span within) const;

  const std::vector<Span>& spans() const { return spans_; }
  bool operator==(const ByteRanges&) const = default;

 private:
  std::vector<Span> spans_;
};

}  // namespace zubr::models
