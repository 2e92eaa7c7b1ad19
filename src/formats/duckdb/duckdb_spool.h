// The Spool on DuckDB. Tables of the working file, all in row order:
//
//   input       text formats: raw VARCHAR, err VARCHAR. Parquet: c0, c1 … as they came. The row number is rowid.
//   duplicates  row BIGINT, first BIGINT: rows whose text an earlier row has
//   repeats     row BIGINT, extra BIGINT: first rows that have duplicates, and how many
//   results     row BIGINT, r0, r1 …: what was put, for first rows; the last is the error
//
// A text's first row is the one readable row of it that is not in `duplicates`, so distinct texts come out of one pass
// over `input` beside one over `duplicates`, and results go back to their rows the same way. DuckDB scans and sorts,
// which it does in any memory, and spills; its hash joins and groupings do not keep to a small limit
// (docs/decisions/0003-sort-not-join.md).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/duckdb/handles.h"
#include "formats/row_reader.h"
#include "formats/row_writer.h"
#include "formats/spool.h"

namespace zubr::formats {

// A private folder, gone with its content when this is.
class WorkFolder {
 public:
  static Result<WorkFolder> create(const std::filesystem::path& parent);
  WorkFolder(WorkFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit WorkFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

class DuckdbSpool final : public Spool {
 public:
  struct Connections {
    Connection input;       // reads `input`
    Connection duplicates;  // reads `duplicates`
    Connection repeats;     // reads `repeats`
    Connection results;     // appends to and reads `results`
  };
  DuckdbSpool(WorkFolder folder, Database database, Connections connections);

  Result<void> ingest(const InputSpec& input, std::stop_token stop, const ProgressFn& progress) override;
  const std::vector<Column>& columns() const override { return columns_; }
  std::int64_t row_count() const override { return row_count_; }
  std::int64_t bad_row_count() const override { return bad_row_count_; }
  Result<std::int64_t> index_texts(std::string_view column, std::stop_token stop) override;
  Result<std::vector<TextRow>> next_texts(std::size_t count) override;
  Result<void> declare_results(const std::vector<ResultColumn>& columns) override;
  Result<void> put(std::int64_t row, std::vector<Cell> cells) override;
  Result<void> put_error(std::int64_t row, std::string error) override;
  Result<std::int64_t> write(const OutputSpec& output, bool only_finished, std::stop_token stop) override;

 private:
  Result<void> ingest_text(const InputSpec& input, TableFormat format, std::stop_token stop,
                           const ProgressFn& progress);
  Result<void> append_rows(RowReader& reader, const InputSpec& input, std::stop_token stop, const ProgressFn& progress);
  Result<void> ingest_parquet(const InputSpec& input, std::stop_token stop, const ProgressFn& progress);
  Result<void> read_parquet(const InputSpec& input, const std::string& link, std::stop_token stop);
  // The SQL for a column's text.
  std::string text_of(std::size_t column) const;

  Result<ChunkAppender*> results_appender(std::int64_t row);
  Result<void> finish_puts();
  std::vector<OwnedType> result_types() const;
  Result<void> find_duplicates(const std::string& hashes, std::stop_token stop);
  Result<void> open_duplicates(std::stop_token stop);

  Result<std::int64_t> write_text(const OutputSpec& output, TableFormat format, bool only_finished,
                                  std::stop_token stop);
  Result<std::int64_t> write_parquet(const OutputSpec& output, bool only_finished, std::stop_token stop);
  Result<std::int64_t> copy_to_parquet(const std::string& path, bool only_finished, std::stop_token stop);
  Result<void> align_results(std::stop_token stop);
  static Result<void> set_result(ChunkAppender& out, std::size_t column, const ResultView& result);
  std::unique_ptr<RowWriter> make_writer(TableFormat format) const;
  bool takes_whole_rows(TableFormat output) const;
  std::string parquet_as_text(TableFormat output) const;
  void read_parquet_row(const Cursor& rows, TableFormat output, OutputRow& row) const;

  friend class ResultMerge;

  WorkFolder folder_;
  Database database_;
  Connection input_, duplicates_, repeats_, results_;  // see Connections

  TableFormat format_ = TableFormat::kCsv;
  std::vector<Column> columns_;
  std::shared_ptr<const RowCodec> codec_;  // shared with the SQL functions; none for Parquet
  char delimiter_ = ',';
  std::int64_t row_count_ = 0;
  std::int64_t bad_row_count_ = 0;
  std::int64_t input_bytes_ = 0;           // uncompressed, about
  std::int64_t largest_vector_bytes_ = 0;  // that was put
  bool ingested_ = false;

  std::int64_t duplicate_count_ = 0;
  std::optional<Cursor> texts_;
  std::optional<Cursor> duplicate_rows_;
  std::int64_t next_row_ = 0;
  std::int64_t next_duplicate_ = -1;  // none left: past every row
  std::optional<Cursor> repeated_texts_;
  std::int64_t next_repeat_ = -1;  // likewise

  std::vector<ResultColumn> result_columns_;  // the last is "error"
  std::optional<ChunkAppender> appender_;
  std::int64_t last_put_ = -1;
};

}  // namespace zubr::formats
