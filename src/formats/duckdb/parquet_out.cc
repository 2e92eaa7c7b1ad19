#include <algorithm>

#include "core/atomic_file.h"
#include "formats/duckdb/result_merge.h"

namespace zubr::formats {
namespace {

constexpr std::int64_t kRowsPerCheck = 65536;
// What a row group under construction may take, and its bounds in rows.
constexpr std::int64_t kRowGroupBytes = 16 << 20;
constexpr std::int64_t kSmallestRowGroup = 2048;
constexpr std::int64_t kLargestRowGroup = 122880;

}  // namespace

Result<std::int64_t> DuckdbSpool::write_parquet(const OutputSpec& output, bool only_finished, std::stop_token stop) {
  if (output.path == "-") {
    return fail(ErrorCode::kUnsupported, "Parquet cannot go to standard output; name a file that ends in .parquet");
  }
  ZUBR_TRY(file, core::AtomicFile::create(output.path));
  if (file.is_direct()) {
    return fail(ErrorCode::kUnsupported, "Parquet needs a regular file, and {} is none", output.path.string());
  }
  ZUBR_CHECK(align_results(stop));
  ZUBR_TRY(written, copy_to_parquet(file.temporary_path().string(), only_finished, stop));
  ZUBR_CHECK(file.commit());
  return written;
}

// The table `aligned`: what each row got, in row order, so that it stands beside `input` without a join.
Result<void> DuckdbSpool::align_results(std::stop_token stop) {
  constexpr std::string_view kDoing = "cannot put the results beside the rows";
  ZUBR_TRY(merge, ResultMerge::open(*this, stop));
  ZUBR_TRY(connection, database_.connect());
  ZUBR_CHECK(connection.run("DROP TABLE IF EXISTS aligned", kDoing));
  ZUBR_TRY(transaction, Transaction::begin(connection));
  ZUBR_CHECK(connection.run("CREATE TABLE aligned AS SELECT row = 0 AS finished, * EXCLUDE (row) FROM results LIMIT 0",
                            kDoing));
  std::vector<OwnedType> types = result_types();
  types.front() = OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN));
  {
    ZUBR_TRY(out, ChunkAppender::create(connection, "aligned", std::move(types)));
    ZUBR_TRY(rows, input_.stream(codec_ ? "SELECT err FROM input" : "SELECT NULL FROM input", kDoing, stop));
    std::vector<ResultView> results;
    for (std::int64_t number = 0; number < row_count_; ++number) {
      ZUBR_TRY(any, rows.next_row());
      if (!any) return fail(ErrorCode::kInternal, "row {} of {} is missing from the working file", number, row_count_);
      std::optional<std::string_view> error;
      if (!rows.is_null(0)) error = rows.text(0);
      ZUBR_TRY(finished, merge.take(number, error, results));
      out.set_boolean(0, finished);
      for (std::size_t i = 0; i < results.size(); ++i) ZUBR_CHECK(set_result(out, i + 1, results[i]));
      ZUBR_CHECK(out.end_row());
      if (number % kRowsPerCheck == 0 && stop.stop_requested())
        return fail(ErrorCode::kCancelled, "{}: stopped", kDoing);
    }
    ZUBR_CHECK(out.flush());
  }
  return transaction.commit();
}

Result<void> DuckdbSpool::set_result(ChunkAppender& out, std::size_t column, const ResultView& result) {
  if (const auto* text = std::get_if<std::string_view>(&result)) {
    out.set_text(column, *text);
  } else if (const auto* number = std::get_if<double>(&result)) {
    out.set_number(column, *number);
  } else if (const auto* vector = std::get_if<std::span<const float>>(&result)) {
    return out.set_floats(column, vector->data(), vector->size());
  } else {
    out.set_null(column);
  }
  return {};
}

Result<std::int64_t> DuckdbSpool::copy_to_parquet(const std::string& path, bool only_finished, std::stop_token stop) {
  std::string selected;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::string value = fmt::format("c{}", i);
    if (codec_) {
      value = columns_[i].type == "JSON" ? fmt::format("CAST(zubr_json(raw, {}::BIGINT) AS JSON)", i) : text_of(i);
    }
    selected += fmt::format("{} AS {}, ", value, sql_name(columns_[i].name));
  }
  for (std::size_t i = 0; i < result_columns_.size(); ++i) {
    const bool json = result_columns_[i].type == CellType::kJson;
    selected += fmt::format("{}{} AS {}", i == 0 ? "" : ", ",
                            json ? fmt::format("CAST(r{} AS JSON)", i) : fmt::format("r{}", i),
                            sql_name(result_columns_[i].name));
  }
  const std::int64_t row_bytes = input_bytes_ / std::max<std::int64_t>(row_count_, 1) + largest_vector_bytes_ + 64;
  const std::int64_t group = std::clamp(kRowGroupBytes / row_bytes / kSmallestRowGroup * kSmallestRowGroup,
                                        kSmallestRowGroup, kLargestRowGroup);
  const std::string sql = fmt::format(
      "COPY (SELECT {} FROM input POSITIONAL JOIN aligned{}) TO {} (FORMAT parquet, ROW_GROUP_SIZE {}, "
      "USE_TMP_FILE false)",
      selected, only_finished ? " WHERE finished" : "", sql_text(path), group);
  return input_.integer(sql, fmt::format("cannot write {}", path), stop);
}

}  // namespace zubr::formats
