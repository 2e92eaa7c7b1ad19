#include "formats/duckdb/result_merge.h"

#include <limits>

namespace zubr::formats {
namespace {

constexpr std::int64_t kNoMore = std::numeric_limits<std::int64_t>::max();

}  // namespace

Result<ResultMerge> ResultMerge::open(DuckdbSpool& spool, std::stop_token stop) {
  constexpr std::string_view kDoing = "cannot bring the results back to their rows";
  ZUBR_TRY(first, spool.results_.stream("SELECT * FROM results", kDoing, stop));
  ResultMerge merge(spool, std::move(first));
  ZUBR_CHECK(merge.step(merge.first_, merge.first_row_));
  merge.repeated_row_ = kNoMore;
  if (spool.duplicate_count_ > 0) {
    ZUBR_TRY(repeated, spool.duplicates_.stream("SELECT d.row, r.* EXCLUDE (row) FROM duplicates d "
                                                "JOIN results r ON r.row = d.first ORDER BY d.row",
                                                kDoing, stop));
    merge.repeated_.emplace(std::move(repeated));
    ZUBR_CHECK(merge.step(merge.repeated_, merge.repeated_row_));
  }
  return merge;
}

Result<void> ResultMerge::step(std::optional<Cursor>& cursor, std::int64_t& row) {
  ZUBR_TRY(any, cursor->next_row());
  row = any ? cursor->integer(0) : kNoMore;
  return {};
}

void ResultMerge::read(const Cursor& cursor, std::vector<ResultView>& results) const {
  const std::vector<ResultColumn>& columns = spool_->result_columns_;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (cursor.is_null(i + 1)) continue;
    switch (columns[i].type) {
      case CellType::kNumber: results[i] = cursor.number(i + 1); break;
      case CellType::kVector: {
        const auto [values, count] = cursor.floats(i + 1);
        results[i] = std::span<const float>(values, count);
        break;
      }
      case CellType::kText:
      case CellType::kJson: results[i] = cursor.text(i + 1); break;
    }
  }
}

Result<bool> ResultMerge::take(std::int64_t row, std::optional<std::string_view> error,
                               std::vector<ResultView>& results) {
  results.assign(spool_->result_columns_.size(), ResultView());
  // Stepping late keeps the views of the row before alive until now.
  while (first_row_ < row) ZUBR_CHECK(step(first_, first_row_));
  while (repeated_row_ < row) ZUBR_CHECK(step(repeated_, repeated_row_));
  if (error) {
    results.back() = *error;
    return true;
  }
  if (first_row_ == row) {
    read(*first_, results);
  } else if (repeated_row_ == row) {
    read(*repeated_, results);
  } else {
    return false;
  }
  return true;
}

}  // namespace zubr::formats
