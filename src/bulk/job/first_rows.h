// Which row of a table is the first with the same key, for any number of rows in bounded memory.
//
// Keys go in by row as 128-bit hashes, are spread over files by hash, each file is sorted alone, and what is found is
// spread again by row: two passes over the disk, both sequential, 24 bytes a row each at most. The answer is a file of
// eight bytes a row. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::bulk {

// Letters in lower case, what is neither letter nor digit as one space, none at the ends. Valid UTF-8 in and out.
std::string normalised(std::string_view text);

class FirstRowFinder {
 public:
  // `rows`: how many there will be, about; `work`: a folder for this alone, emptied first and removed at the end.
  // `memory_bytes`: of the buffers.
  static Result<std::unique_ptr<FirstRowFinder>> create(const std::filesystem::path& work, std::int64_t rows,
                                                        std::size_t memory_bytes = 48u << 20);
  virtual ~FirstRowFinder() = default;
  // Rows ascending; one that is left out is its own first. `key` is any text.
  virtual Result<void> add(std::int64_t row, std::string_view key) = 0;
  // Writes `file` (atomically): of each of `rows` rows the number, from 0, of the first with the same key. Returns how
  // many rows are not their own first.
  virtual Result<std::int64_t> finish(const std::filesystem::path& file, std::int64_t rows, std::stop_token stop) = 0;
};

// Of rows [first, first + count) in such a file.
Result<std::vector<std::int64_t>> read_first_rows(const std::filesystem::path& file, std::int64_t first,
                                                  std::int64_t count);

}  // namespace zubr::bulk
