// Blocks of optional texts with a checksum: how a job keeps rows and results in its files.
//
// A block is values (LEB128 of length + 1, 0 for none; then the bytes) and eight bytes of XXH3 of all that. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::bulk {

class BlockWriter {
 public:
  void add(std::optional<std::string_view> value);
  std::size_t size() const { return bytes_.size(); }
  // The whole block; the writer is empty again.
  std::string take();

 private:
  std::string bytes_;
};

class BlockReader {
 public:
  // kCorrupt when the checksum is not that of the bytes, which must outlive the reader.
  static Result<BlockReader> open(std::string_view block);
  // kCorrupt behind the last.
  Result<std::optional<std::string_view>> next();
  bool at_end() const { return rest_.empty(); }

 private:
  explicit BlockReader(std::string_view rest) : rest_(rest) {}
  std::string_view rest_;
};

}  // namespace zubr::bulk
