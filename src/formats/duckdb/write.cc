#include "formats/csv_codec.h"
#include "formats/duckdb/result_merge.h"
#include "formats/output_stream.h"

namespace zubr::formats {
namespace {

constexpr std::int64_t kRowsPerCheck = 1024;

}  // namespace

Result<std::int64_t> DuckdbSpool::write(const OutputSpec& output, bool only_finished, std::stop_token stop) {
  if (result_columns_.empty()) return fail(ErrorCode::kInternal, "a spool is written after results were declared");
  TableFormat format = TableFormat::kCsv;
  if (output.format) {
    format = *output.format;
  } else {
    ZUBR_TRY(known, format_of(output.path));
    format = known;
  }
  ZUBR_CHECK(finish_puts());
  texts_.reset();
  duplicate_rows_.reset();
  repeated_texts_.reset();
  if (format == TableFormat::kParquet) return write_parquet(output, only_finished, stop);
  return write_text(output, format, only_finished, stop);
}

bool DuckdbSpool::takes_whole_rows(TableFormat output) const {
  switch (output) {
    case TableFormat::kJsonl: return format_ == TableFormat::kJsonl;
    case TableFormat::kTsv: return codec_ && format_ != TableFormat::kJsonl && delimiter_ == '\t';
    case TableFormat::kCsv: return format_ == TableFormat::kCsv || (format_ == TableFormat::kTsv && delimiter_ == ',');
    case TableFormat::kParquet: return false;
  }
  return false;
}

std::unique_ptr<RowWriter> DuckdbSpool::make_writer(TableFormat format) const {
  const bool whole = takes_whole_rows(format);
  if (format == TableFormat::kJsonl) return make_jsonl_writer(columns_, result_columns_, whole);
  // CSV to CSV keeps the delimiter: whoever reads the one reads the other.
  const char csv = format_ == TableFormat::kCsv ? delimiter_ : ',';
  return make_csv_writer(format == TableFormat::kTsv ? '\t' : csv, columns_, result_columns_, whole);
}

Result<std::int64_t> DuckdbSpool::write_text(const OutputSpec& output, TableFormat format, bool only_finished,
                                             std::stop_token stop) {
  const auto writer = make_writer(format);
  const bool whole = takes_whole_rows(format);
  ZUBR_TRY(stream, OutputStream::create(output.path));
  ZUBR_TRY(merge, ResultMerge::open(*this, stop));
  std::string sql = "SELECT raw, err FROM input";
  if (!codec_) sql = parquet_as_text(format);
  ZUBR_TRY(rows, input_.stream(sql, "cannot read the rows back", stop));

  writer->append_header(stream->buffer());
  OutputRow row;
  std::string scratch;
  std::int64_t written = 0;
  for (std::int64_t number = 0; number < row_count_; ++number) {
    ZUBR_TRY(any, rows.next_row());
    if (!any) return fail(ErrorCode::kInternal, "row {} of {} is missing from the working file", number, row_count_);
    std::optional<std::string_view> error;
    if (codec_) {
      if (!rows.is_null(1)) error = rows.text(1);
      row.has_raw = !rows.is_null(0);
      row.raw = row.has_raw ? rows.text(0) : std::string_view();
      row.fields.clear();
      if (row.has_raw && !whole) codec_->decode(row.raw, row.fields, scratch);
      row.fields.resize(columns_.size());
    } else {
      read_parquet_row(rows, format, row);
    }
    ZUBR_TRY(finished, merge.take(number, error, row.results));
    if (finished || !only_finished) {
      writer->append_row(stream->buffer(), row);
      ++written;
      ZUBR_CHECK(stream->flush_if_full());
    }
    if (number % kRowsPerCheck == 0 && stop.stop_requested()) {
      return fail(ErrorCode::kCancelled, "stopped while writing {}; nothing of it is left", output.path.string());
    }
  }
  ZUBR_CHECK(stream->finish());
  return written;
}

}  // namespace zubr::formats
