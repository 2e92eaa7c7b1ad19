#include <limits>

#include "formats/duckdb/duckdb_spool.h"

namespace zubr::formats {
namespace {

constexpr std::int64_t kNoMore = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::string DuckdbSpool::text_of(std::size_t column) const {
  if (codec_) return fmt::format("zubr_field(raw, {}::BIGINT)", column);
  return fmt::format("CAST(c{} AS VARCHAR)", column);
}

Result<std::int64_t> DuckdbSpool::index_texts(std::string_view column, std::stop_token stop) {
  std::size_t number = 0;
  while (number < columns_.size() && columns_[number].name != column) ++number;
  if (number == columns_.size()) {
    std::string names;
    for (const Column& known : columns_) names += (names.empty() ? "" : ", ") + known.name;
    return fail(ErrorCode::kInvalidArgument, "there is no column '{}'; the columns are: {}", column, names);
  }
  constexpr std::string_view kDoing = "cannot find the distinct texts";
  const std::string readable = codec_ ? " WHERE err IS NULL" : "";
  const std::string hash = fmt::format("zubr_hash({})", text_of(number));
  texts_.reset();
  duplicate_rows_.reset();
  ZUBR_CHECK(input_.run("DROP TABLE IF EXISTS repeated; DROP TABLE IF EXISTS duplicates", kDoing));
  // Texts that stand alone are most of many inputs and need no join.
  ZUBR_CHECK(input_.run(fmt::format("CREATE TABLE repeated AS SELECT {} AS hash, min(rowid) AS first FROM input{} "
                                    "GROUP BY hash HAVING count(*) > 1", hash, readable),
                        kDoing, stop));
  ZUBR_CHECK(input_.run(fmt::format("CREATE TABLE duplicates AS SELECT i.row AS row, r.first AS first FROM "
                                    "(SELECT rowid AS row, {} AS hash FROM input{}) i JOIN repeated r USING (hash) "
                                    "WHERE i.row <> r.first ORDER BY i.row", hash, readable),
                        kDoing, stop));
  ZUBR_CHECK(input_.run("DROP TABLE repeated", kDoing));
  ZUBR_TRY(duplicates, input_.integer("SELECT count(*) FROM duplicates", kDoing));
  duplicate_count_ = duplicates;

  ZUBR_TRY(texts, input_.stream(fmt::format("SELECT {}, {} FROM input", text_of(number), codec_ ? "err" : "NULL"),
                                kDoing, stop));
  texts_.emplace(std::move(texts));
  next_row_ = 0;
  next_duplicate_ = kNoMore;
  if (duplicate_count_ > 0) {
    ZUBR_TRY(rows, duplicates_.stream("SELECT row FROM duplicates", kDoing, stop));
    duplicate_rows_.emplace(std::move(rows));
    ZUBR_TRY(any, duplicate_rows_->next_row());
    if (any) next_duplicate_ = duplicate_rows_->integer(0);
  }
  return row_count_ - bad_row_count_ - duplicate_count_;
}

Result<std::vector<TextRow>> DuckdbSpool::next_texts(std::size_t count) {
  std::vector<TextRow> rows;
  if (!texts_) return rows;
  rows.reserve(std::min<std::size_t>(count, 4096));
  while (rows.size() < count) {
    ZUBR_TRY(any, texts_->next_row());
    if (!any) {
      texts_.reset();
      break;
    }
    const std::int64_t row = next_row_++;
    if (row == next_duplicate_) {
      ZUBR_TRY(more, duplicate_rows_->next_row());
      next_duplicate_ = more ? duplicate_rows_->integer(0) : kNoMore;
      continue;
    }
    if (!texts_->is_null(1)) continue;
    TextRow& text = rows.emplace_back();
    text.row = row;
    text.is_null = texts_->is_null(0);
    if (!text.is_null) text.text = texts_->text(0);
  }
  return rows;
}

}  // namespace zubr::formats
