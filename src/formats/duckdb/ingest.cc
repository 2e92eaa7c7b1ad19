#include "formats/csv_codec.h"
#include "formats/csv_reader.h"
#include "formats/duckdb/duckdb_spool.h"
#include "formats/duckdb/functions.h"
#include "formats/jsonl_reader.h"

namespace zubr::formats {
namespace {

constexpr std::int64_t kRowsPerCheck = 4096;

std::string display_name(const std::filesystem::path& path) { return path == "-" ? "standard input" : path.string(); }

Result<std::unique_ptr<RowReader>> open_reader(const InputSpec& input, TableFormat format) {
  ZUBR_TRY(source, open_source(input.path));
  const std::string name = display_name(input.path);
  if (format == TableFormat::kJsonl) return open_jsonl(std::move(source), {name, input.max_cell_bytes});
  CsvOptions options{name, input.delimiter, input.max_cell_bytes};
  if (format == TableFormat::kTsv && !options.delimiter) options.delimiter = '\t';
  return open_csv(std::move(source), options);
}

}  // namespace

Result<void> DuckdbSpool::ingest(const InputSpec& input, std::stop_token stop, const ProgressFn& progress) {
  if (ingested_) return fail(ErrorCode::kInternal, "a spool reads one input, once");
  if (input.delimiter && (*input.delimiter == '"' || *input.delimiter == '\n' || *input.delimiter == '\r')) {
    return fail(ErrorCode::kInvalidArgument, "a quote or a line end cannot be the delimiter");
  }
  TableFormat format = TableFormat::kCsv;
  if (input.format) {
    format = *input.format;
  } else {
    ZUBR_TRY(known, format_of(input.path));
    format = known;
  }
  format_ = format;
  if (format == TableFormat::kParquet) {
    ZUBR_CHECK(ingest_parquet(input, stop, progress));
  } else {
    ZUBR_CHECK(ingest_text(input, format, stop, progress));
  }
  ingested_ = true;
  if (progress) progress(row_count_);
  return {};
}

Result<void> DuckdbSpool::ingest_text(const InputSpec& input, TableFormat format, std::stop_token stop,
                                      const ProgressFn& progress) {
  ZUBR_TRY(reader, open_reader(input, format));
  // One transaction: full row groups go to the file once, and not to a write-ahead log before.
  ZUBR_TRY(transaction, Transaction::begin(input_));
  ZUBR_CHECK(input_.run("CREATE TABLE input (raw VARCHAR, err VARCHAR)", "cannot make the working table"));
  ZUBR_CHECK(append_rows(*reader, input, stop, progress));
  ZUBR_CHECK(transaction.commit());
  columns_ = reader->columns();
  if (columns_.empty()) {
    return fail(ErrorCode::kInvalidArgument, "{} has no rows with columns; there is nothing to work on",
                display_name(input.path));
  }
  codec_ = reader->codec();
  if (const auto* csv = dynamic_cast<const CsvCodec*>(codec_.get())) delimiter_ = csv->delimiter();
  return add_field_functions(input_, codec_);
}

Result<void> DuckdbSpool::append_rows(RowReader& reader, const InputSpec& input, std::stop_token stop,
                                      const ProgressFn& progress) {
  std::vector<OwnedType> types;
  types.push_back(OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR)));
  types.push_back(OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR)));
  ZUBR_TRY(appender, ChunkAppender::create(input_, "input", std::move(types)));
  ReadRow row;
  while (input.limit < 0 || row_count_ < input.limit) {
    ZUBR_TRY(any, reader.next(row));
    if (!any) break;
    if (row.has_raw) {
      appender.set_text(0, row.raw);
      input_bytes_ += static_cast<std::int64_t>(row.raw.size());
    } else {
      appender.set_null(0);
    }
    if (row.error.empty()) {
      appender.set_null(1);
    } else {
      appender.set_text(1, row.error);
      ++bad_row_count_;
    }
    ZUBR_CHECK(appender.end_row());
    if (++row_count_ % kRowsPerCheck != 0) continue;
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while reading the input");
    if (progress) progress(row_count_);
  }
  return appender.flush();
}

}  // namespace zubr::formats
