#include "formats/duckdb/result_merge.h"

#include <limits>

namespace zubr::formats {
namespace {

constexpr std::int64_t kNoMore = std::numeric_limits<std::int64_t>::max();

constexpr std::string_view kDoing = "cannot bring the results back to their rows";
constexpr std::int64_t kRowsPerCheck = 65536;

// Copies the row that `results` stands on, as the results of `row`.
Result<void> copy_results(const Cursor& results, const std::vector<ResultColumn>& columns, std::int64_t row,
                          ChunkAppender& out) {
  out.set_integer(0, row);
  for (std::size_t i = 1; i <= columns.size(); ++i) {
    if (results.is_null(i)) {
      out.set_null(i);
    } else if (columns[i - 1].type == CellType::kNumber) {
      out.set_number(i, results.number(i));
    } else if (columns[i - 1].type == CellType::kVector) {
      const auto [values, count] = results.floats(i);
      ZUBR_CHECK(out.set_floats(i, values, count));
    } else {
      out.set_text(i, results.text(i));
    }
  }
  return out.end_row();
}

}  // namespace

Result<void> ResultMerge::resolve_duplicates(DuckdbSpool& spool, std::stop_token stop) {
  ZUBR_CHECK(spool.input_.run("DROP TABLE IF EXISTS resolved", kDoing));
  ZUBR_TRY(transaction, Transaction::begin(spool.input_));
  ZUBR_CHECK(spool.input_.run("CREATE TABLE resolved AS SELECT * FROM results LIMIT 0", kDoing));
  {
    ZUBR_TRY(out, ChunkAppender::create(spool.input_, "resolved", spool.result_types()));
    ZUBR_TRY(results, spool.results_.stream("SELECT * FROM results", kDoing, stop));
    ZUBR_TRY(duplicates,
             spool.duplicates_.stream("SELECT row, first FROM duplicates ORDER BY first, row", kDoing, stop));
    std::int64_t result_row = -1;
    for (std::int64_t seen = 0;; ++seen) {
      ZUBR_TRY(any, duplicates.next_row());
      if (!any) break;
      const std::int64_t first = duplicates.integer(1);
      while (result_row < first) {
        ZUBR_TRY(more, results.next_row());
        result_row = more ? results.integer(0) : kNoMore;
      }
      if (result_row == first) {
        ZUBR_CHECK(copy_results(results, spool.result_columns_, duplicates.integer(0), out));
      }
      if (seen % kRowsPerCheck == 0 && stop.stop_requested()) return fail(ErrorCode::kCancelled, "{}: stopped", kDoing);
    }
    ZUBR_CHECK(out.flush());
  }
  return transaction.commit();
}

Result<ResultMerge> ResultMerge::open(DuckdbSpool& spool, std::stop_token stop) {
  if (spool.duplicate_count_ > 0) ZUBR_CHECK(resolve_duplicates(spool, stop));
  ZUBR_TRY(first, spool.results_.stream("SELECT * FROM results", kDoing, stop));
  ResultMerge merge(spool, std::move(first));
  ZUBR_CHECK(merge.step(merge.first_, merge.first_row_));
  merge.repeated_row_ = kNoMore;
  if (spool.duplicate_count_ > 0) {
    ZUBR_TRY(repeated, spool.duplicates_.stream("SELECT * FROM resolved ORDER BY row", kDoing, stop));
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
