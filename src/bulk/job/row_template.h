// A prompt with {{column}} in it, filled for a row. Values are put in as they are, and never looked at for more {{}}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bulk/job/shard_rows.h"
#include "core/result.h"

namespace zubr::bulk {

class RowTemplate {
 public:
  // kNotFound, with the columns there are, for one that is not; kInvalidArgument when there is none, or an open "{{".
  static Result<RowTemplate> parse(std::string_view text, const ColumnMap& columns);

  // A column that is NULL is put in as nothing; kInvalidArgument when all are NULL or empty.
  Result<std::string> fill(const ShardRows& rows, std::size_t row) const;

 private:
  std::vector<std::string> texts_;    // one more than columns
  std::vector<std::size_t> columns_;  // by their numbers in the ColumnMap
};

}  // namespace zubr::bulk
