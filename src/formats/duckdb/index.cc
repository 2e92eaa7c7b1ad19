#include <limits>

#include "formats/duckdb/duckdb_spool.h"

namespace zubr::formats {
namespace {

constexpr std::int64_t kNoMore = std::numeric_limits<std::int64_t>::max();
constexpr std::string_view kDoing = "cannot find the distinct texts";
constexpr std::int64_t kRowsPerCheck = 65536;

}  // namespace

// `hashes`: (hash, row), sorted. Rows of one hash stand together, the first in front.
Result<void> DuckdbSpool::find_duplicates(const std::string& hashes, std::stop_token stop) {
  ZUBR_TRY(transaction, Transaction::begin(duplicates_));
  ZUBR_CHECK(
      duplicates_.run("CREATE TABLE found (row BIGINT, first BIGINT); "
                      "CREATE TABLE counted (row BIGINT, extra BIGINT)",
                      kDoing));
  {
    const auto pair = [] {
      std::vector<OwnedType> types;
      for (int i = 0; i < 2; ++i) types.push_back(OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT)));
      return types;
    };
    ZUBR_TRY(found, ChunkAppender::create(duplicates_, "found", pair()));
    ZUBR_TRY(counted, ChunkAppender::create(duplicates_, "counted", pair()));
    ZUBR_TRY(sorted, input_.stream(hashes, kDoing, stop));
    duckdb_uhugeint hash{0, 0};
    std::int64_t first = -1;
    std::int64_t extra = 0;  // rows after the first with this hash
    const auto end_group = [&]() -> Result<void> {
      if (extra == 0) return {};
      counted.set_integer(0, first);
      counted.set_integer(1, extra);
      duplicate_count_ += extra;
      extra = 0;
      return counted.end_row();
    };
    for (std::int64_t seen = 0;; ++seen) {
      ZUBR_TRY(any, sorted.next_row());
      if (!any) break;
      const duckdb_uhugeint next = sorted.hash(0);
      if (first >= 0 && next.lower == hash.lower && next.upper == hash.upper) {
        found.set_integer(0, sorted.integer(1));
        found.set_integer(1, first);
        ZUBR_CHECK(found.end_row());
        ++extra;
      } else {
        ZUBR_CHECK(end_group());
        hash = next;
        first = sorted.integer(1);
      }
      if (seen % kRowsPerCheck == 0 && stop.stop_requested()) return fail(ErrorCode::kCancelled, "{}: stopped", kDoing);
    }
    ZUBR_CHECK(end_group());
    ZUBR_CHECK(found.flush());
    ZUBR_CHECK(counted.flush());
  }
  ZUBR_CHECK(transaction.commit());
  ZUBR_CHECK(duplicates_.run("CREATE TABLE duplicates AS SELECT row, first FROM found ORDER BY row", kDoing, stop));
  ZUBR_CHECK(duplicates_.run("CREATE TABLE repeats AS SELECT row, extra FROM counted ORDER BY row", kDoing, stop));
  return duplicates_.run("DROP TABLE found; DROP TABLE counted", kDoing);
}

// Puts both cursors on their first row.
Result<void> DuckdbSpool::open_duplicates(std::stop_token stop) {
  next_duplicate_ = next_repeat_ = kNoMore;
  if (duplicate_count_ == 0) return {};
  ZUBR_TRY(rows, duplicates_.stream("SELECT row FROM duplicates", kDoing, stop));
  duplicate_rows_.emplace(std::move(rows));
  ZUBR_TRY(any_row, duplicate_rows_->next_row());
  if (any_row) next_duplicate_ = duplicate_rows_->integer(0);
  ZUBR_TRY(texts, repeats_.stream("SELECT row, extra FROM repeats", kDoing, stop));
  repeated_texts_.emplace(std::move(texts));
  ZUBR_TRY(any_text, repeated_texts_->next_row());
  if (any_text) next_repeat_ = repeated_texts_->integer(0);
  return {};
}

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
  const std::string readable = codec_ ? " WHERE err IS NULL" : "";
  texts_.reset();
  duplicate_rows_.reset();
  repeated_texts_.reset();
  duplicate_count_ = 0;
  for (const char* table : {"duplicates", "repeats", "found", "counted"})
    ZUBR_CHECK(duplicates_.run(fmt::format("DROP TABLE IF EXISTS {}", table), kDoing));
  ZUBR_CHECK(find_duplicates(fmt::format("SELECT zubr_hash({}) AS hash, rowid AS row FROM input{} ORDER BY hash, row",
                                         text_of(number), readable),
                             stop));
  ZUBR_TRY(texts, input_.stream(fmt::format("SELECT {}, {} FROM input", text_of(number), codec_ ? "err" : "NULL"),
                                kDoing, stop));
  texts_.emplace(std::move(texts));
  next_row_ = 0;
  ZUBR_CHECK(open_duplicates(stop));
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
    if (row == next_repeat_) {
      text.count += repeated_texts_->integer(1);
      ZUBR_TRY(more, repeated_texts_->next_row());
      next_repeat_ = more ? repeated_texts_->integer(0) : kNoMore;
    }
  }
  return rows;
}

}  // namespace zubr::formats
