// The last phase: rows and results leave, in input order. Text goes into `<output>.<id>.part` beside the output, shard
// by shard, so that a killed run goes on where it was; Parquet goes into a file a shard in parts/ first. Nothing has
// its name before all is there.
#include <algorithm>
#include <array>
#include <charconv>

#include "bulk/job/job_work.h"
#include "core/atomic_file.h"
#include "formats/json_text.h"
#include "formats/output_stream.h"
#include "formats/row_sql.h"
#include "formats/row_writer.h"

namespace zubr::bulk {
namespace fs = std::filesystem;
namespace {

using formats::TableFormat;

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// JSON has numbers, booleans and whatever is JSON already; all other types are strings in it.
bool is_json_type(std::string_view type) {
  constexpr std::array<std::string_view, 12> kTypes{"DOUBLE",    "FLOAT",    "BIGINT",  "INTEGER",
                                                    "SMALLINT",  "TINYINT",  "UBIGINT", "UINTEGER",
                                                    "USMALLINT", "UTINYINT", "BOOLEAN", "JSON"};
  return std::ranges::find(kTypes, type) != kTypes.end() || type == "FLOAT[]";
}

std::vector<formats::Column> with_error(std::vector<formats::Column> added) {
  added.push_back({"error", "VARCHAR", true});
  return added;
}

// Rows as text of one format.
class TextRows {
 public:
  TextRows(const ColumnMap& columns, TableFormat format)
      : columns_(columns), typed_(!columns.shape.json_rows && format == TableFormat::kJsonl) {
    std::vector<formats::ResultColumn> results;
    for (const auto& column : with_error(columns.added))
      results.push_back({column.name, is_json_type(column.type) ? formats::CellType::kJson : formats::CellType::kText});
    const auto& shape = columns.shape;
    const char csv = shape.json_rows ? ',' : shape.delimiter;
    const char delimiter = format == TableFormat::kTsv ? '\t' : csv;
    const bool json = format == TableFormat::kJsonl;
    whole_ = json ? shape.json_rows : !shape.json_rows && shape.delimiter == delimiter;
    writer_ = json ? formats::make_jsonl_writer(shape.columns, results, whole_)
                   : formats::make_csv_writer(delimiter, shape.columns, results, whole_);
  }

  void append_header(std::string& out) const { writer_->append_header(out); }

  void append(const ShardRows& rows, std::size_t row, std::string& out) {
    line_.raw = rows.raws()[row].value_or(std::string_view());
    line_.has_raw = rows.raws()[row].has_value();
    line_.fields.clear();
    if (line_.has_raw && !whole_) columns_.codec->decode(line_.raw, line_.fields, scratch_);
    line_.fields.resize(columns_.shape.columns.size());
    if (typed_) {
      for (std::size_t i = 0; i < line_.fields.size(); ++i)
        if (line_.fields[i].kind == formats::Field::Kind::kText && is_json_type(columns_.shape.columns[i].type))
          line_.fields[i].kind = formats::Field::Kind::kJson;
    }
    line_.results.clear();
    for (const auto& column : rows.added()) {
      const Value& value = column[row];
      if (value)
        line_.results.emplace_back(std::string_view(*value));
      else
        line_.results.emplace_back();
    }
    if (rows.error(row).empty())
      line_.results.emplace_back();
    else
      line_.results.emplace_back(std::string_view(rows.error(row)));
    writer_->append_row(out, line_);
  }

 private:
  const ColumnMap& columns_;
  bool typed_;  // values of typed columns are JSON
  bool whole_ = false;
  std::unique_ptr<formats::RowWriter> writer_;
  formats::OutputRow line_;
  std::string scratch_;
};

// The rows of one shard as a Parquet file; none where all of them were dropped.
class ParquetRows {
 public:
  static Result<ParquetRows> open(const ColumnMap& columns, const fs::path& spill) {
    ZUBR_TRY(sql, formats::RowSql::open(columns.shape, with_error(columns.added), spill));
    return ParquetRows(std::move(sql));
  }

  Result<std::int64_t> write(const ShardRows& rows, const fs::path& file, std::stop_token stop) {
    std::vector<std::optional<std::string_view>> raws;
    std::vector<std::int64_t> numbers;
    std::vector<std::vector<Value>> added(rows.added().size() + 1);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows.dropped(row)) continue;
      raws.push_back(rows.raws()[row]);
      numbers.push_back(rows.first_row() + static_cast<std::int64_t>(row) + 1);
      for (std::size_t i = 0; i < rows.added().size(); ++i) added[i].push_back(rows.added()[i][row]);
      added.back().push_back(rows.error(row).empty() ? Value() : Value(rows.error(row)));
    }
    const std::vector<std::span<const Value>> views(added.begin(), added.end());
    ZUBR_CHECK(sql_->load(raws, numbers, views));
    ZUBR_CHECK(sql_->write_parquet(file, std::move(stop)));
    return std::ssize(raws);
  }

 private:
  explicit ParquetRows(std::unique_ptr<formats::RowSql> sql) : sql_(std::move(sql)) {}
  std::unique_ptr<formats::RowSql> sql_;
};

// One output file as it grows. Facts: `written_shards`, `written_rows`, `written_files`, `written_bytes` (of the last).
class TextOutput {
 public:
  explicit TextOutput(JobWork& work) : work_(work), rows_(work.columns, work.spec.output.format) {}

  Result<void> run(const std::vector<jobs::Shard>& shards) {
    ZUBR_CHECK(recall());
    for (auto at = static_cast<std::size_t>(done_shards_); at < shards.size(); ++at) {
      ZUBR_TRY(rows, work_.read_result(shards[at]));
      ZUBR_CHECK(append(rows));
      done_shards_ = static_cast<std::int64_t>(at) + 1;
      if (work_.time_to_commit()) ZUBR_CHECK(commit());
      ZUBR_CHECK(work_.tell(JobPhase::kWriting, shards[at].first_row + shards[at].rows,
                            shards.back().first_row + shards.back().rows));
      if (work_.stop_token().stop_requested()) {
        ZUBR_CHECK(commit());
        return work_.stopped();
      }
    }
    ZUBR_CHECK(commit());
    return rename();
  }

 private:
  static constexpr std::size_t kFlushBytes = 1u << 20;

  fs::path final_path(std::int64_t file) const {
    const fs::path& output = work_.spec.output.file;
    if (work_.spec.output.rows_per_file == 0) return output;
    return output.parent_path() /
           fmt::format("{}-{:05}{}", output.stem().string(), file + 1, output.extension().string());
  }
  fs::path part_path(std::int64_t file) const {
    fs::path part = final_path(file);
    return part += "." + work_.folder.id + ".part";
  }

  Result<void> recall() {
    for (auto [name, number] : {std::pair{"written_shards", &done_shards_},
                                {"written_rows", &rows_in_file_},
                                {"written_files", &file_number_},
                                {"written_bytes", &bytes_}}) {
      ZUBR_TRY(text, work_.ledger.fact(name));
      *number = number_of(text);
    }
    return open();
  }

  Result<void> open() {
    file_.reset();
    ZUBR_TRY(file, jobs::BlockFile::open(part_path(file_number_), static_cast<std::uint64_t>(bytes_)));
    file_.emplace(std::move(file));
    if (bytes_ == 0) rows_.append_header(text_);
    return {};
  }

  Result<void> append(const ShardRows& rows) {
    const std::int64_t limit = work_.spec.output.rows_per_file;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows.dropped(row)) continue;
      if (limit > 0 && rows_in_file_ == limit) {
        ZUBR_CHECK(flush());
        ZUBR_CHECK(file_->sync());
        ++file_number_;
        rows_in_file_ = bytes_ = 0;
        ZUBR_CHECK(open());
      }
      rows_.append(rows, row, text_);
      ++rows_in_file_;
      if (text_.size() >= kFlushBytes) ZUBR_CHECK(flush());
    }
    return {};
  }

  Result<void> flush() {
    ZUBR_CHECK(file_->append(text_));
    text_.clear();
    return {};
  }

  Result<void> commit() {
    ZUBR_CHECK(flush());
    ZUBR_CHECK(file_->sync());
    bytes_ = static_cast<std::int64_t>(file_->size());
    ZUBR_TRY(transaction, work_.ledger.begin());
    for (const auto& [name, number] : {std::pair{"written_shards", done_shards_},
                                       {"written_rows", rows_in_file_},
                                       {"written_files", file_number_},
                                       {"written_bytes", bytes_}})
      ZUBR_CHECK(work_.ledger.set_fact(name, std::to_string(number)));
    return transaction.commit();
  }

  // From here on only names change; a run that finds this fact does the rest.
  Result<void> rename() {
    ZUBR_CHECK(work_.ledger.set_fact("output", "named"));
    return rename_parts(work_, file_number_);
  }

 public:
  static Result<void> rename_parts(JobWork& work, std::int64_t last) {
    const TextOutput names(work);
    for (std::int64_t file = 0; file <= last; ++file) {
      std::error_code failed;
      if (!fs::exists(names.part_path(file), failed)) continue;  // it has its name already
      fs::rename(names.part_path(file), names.final_path(file), failed);
      if (failed) return fail(core::system_error("cannot write " + names.final_path(file).string(), failed.value()));
    }
    return {};
  }

 private:
  JobWork& work_;
  TextRows rows_;
  std::optional<jobs::BlockFile> file_;
  std::string text_;
  std::int64_t done_shards_ = 0, rows_in_file_ = 0, file_number_ = 0, bytes_ = 0;
};

fs::path parquet_part(const JobWork& work, std::size_t shard) {
  return work.path("parts") / fmt::format("{:08}.parquet", shard);
}

Result<void> write_parquet(JobWork& work, const std::vector<jobs::Shard>& shards) {
  std::error_code failed;
  fs::create_directories(work.path("parts"), failed);
  if (failed) return fail(core::system_error("cannot make the folder " + work.path("parts").string(), failed.value()));
  ZUBR_TRY(known, work.ledger.fact("written_shards"));
  ZUBR_TRY(writer, ParquetRows::open(work.columns, work.path("spill")));
  std::vector<fs::path> parts;
  for (std::size_t at = 0; at < shards.size(); ++at) {
    parts.push_back(parquet_part(work, at));
    // Each part has its name only when it is whole, so that there being one is enough.
    if (static_cast<std::int64_t>(at) < number_of(known)) continue;
    ZUBR_TRY(rows, work.read_result(shards[at]));
    ZUBR_TRY(file, core::AtomicFile::create(parts.back()));
    ZUBR_CHECK(writer.write(rows, file.temporary_path(), work.stop_token()));
    ZUBR_CHECK(file.commit());
    if (work.time_to_commit()) ZUBR_CHECK(work.ledger.set_fact("written_shards", std::to_string(at + 1)));
    ZUBR_CHECK(work.tell(JobPhase::kWriting, shards[at].first_row + shards[at].rows,
                         shards.back().first_row + shards.back().rows));
    if (work.stop_token().stop_requested()) return work.stopped();
  }
  ZUBR_TRY(file, core::AtomicFile::create(work.spec.output.file));
  ZUBR_CHECK(formats::join_parquet(parts, file.temporary_path(), work.path("spill"), work.stop_token()));
  ZUBR_CHECK(file.commit());
  return work.ledger.set_fact("output", "named");
}

// {"row": 7, "id": …, "error": …, "attempts": 2, "input": {…}}, one line for each failed row.
Result<void> write_dead_letters(JobWork& work, const std::vector<jobs::Shard>& shards) {
  const bool any = std::ranges::any_of(shards, [](const jobs::Shard& shard) { return shard.failed > 0; });
  const fs::path& path = work.spec.output.dead_letter;
  ZUBR_TRY(before, work.ledger.fact("dead_letter"));
  if (!any) {  // what this job wrote before is not true any more
    std::error_code ignored;
    if (!before.empty()) fs::remove(path, ignored);
    return work.ledger.set_fact("dead_letter", "");
  }
  std::size_t id = 0;
  const bool has_id = !work.spec.input.id.empty();
  if (has_id) {
    ZUBR_TRY(column, work.columns.find(work.spec.input.id));
    id = column;
  }
  const auto input = formats::make_jsonl_writer(work.columns.shape.columns, {}, work.columns.shape.json_rows);
  ZUBR_CHECK(work.ledger.set_fact("dead_letter", path.string()));
  ZUBR_TRY(stream, formats::OutputStream::create(path));
  std::string scratch, line;
  for (const jobs::Shard& shard : shards) {
    if (shard.failed == 0) continue;
    ZUBR_TRY(rows, work.read_result(shard));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows.error(row).empty()) continue;
      std::string& out = stream->buffer();
      out += fmt::format("{{\"row\":{}", shard.first_row + static_cast<std::int64_t>(row) + 1);
      if (has_id) {
        out += ",\"id\":";
        const auto value = rows.value(row, id, scratch);
        if (value)
          formats::append_json_string(out, *value);
        else
          out += "null";
      }
      out += ",\"error\":";
      formats::append_json_string(out, rows.error(row));
      out += fmt::format(",\"attempts\":{},\"input\":", shard.passes);
      formats::OutputRow whole{.raw = rows.raws()[row].value_or(std::string_view()),
                               .has_raw = rows.raws()[row].has_value(),
                               .fields = {},
                               .results = {}};
      if (whole.has_raw) work.columns.codec->decode(whole.raw, whole.fields, scratch);
      whole.fields.resize(work.columns.shape.columns.size());
      line.clear();
      input->append_row(line, whole);
      out += line.substr(0, line.size() - 1) + "}\n";
      ZUBR_CHECK(stream->flush_if_full());
    }
  }
  return stream->finish();
}

}  // namespace

Result<void> write_output(JobWork& work) {
  ZUBR_TRY(state, work.ledger.fact("output"));
  if (state == "done") return {};
  ZUBR_TRY(shards, work.ledger.shards());
  const bool parquet = work.spec.output.format == TableFormat::kParquet;
  if (state == "named") {
    ZUBR_TRY(files, work.ledger.fact("written_files"));
    if (!parquet) ZUBR_CHECK(TextOutput::rename_parts(work, number_of(files)));
  } else if (parquet) {
    ZUBR_CHECK(write_parquet(work, shards));
  } else {
    ZUBR_CHECK(TextOutput(work).run(shards));
  }
  ZUBR_CHECK(write_dead_letters(work, shards));
  std::error_code ignored;
  fs::remove_all(work.path("parts"), ignored);
  return work.ledger.set_fact("output", "done");
}

Result<std::int64_t> export_rows(JobWork& work, const fs::path& file, TableFormat format) {
  ZUBR_TRY(shards, work.ledger.shards());
  std::erase_if(shards, [](const jobs::Shard& shard) { return !shard.result; });
  std::int64_t written = 0;
  if (format == TableFormat::kParquet) {
    ZUBR_TRY(writer, ParquetRows::open(work.columns, work.path("spill")));
    ZUBR_TRY(target, core::AtomicFile::create(file));
    std::error_code ignored;
    fs::create_directories(work.path("export"), ignored);
    std::vector<fs::path> parts;
    for (const jobs::Shard& shard : shards) {
      ZUBR_TRY(rows, work.read_result(shard));
      parts.push_back(work.path("export") / fmt::format("{:08}.parquet", shard.number));
      ZUBR_TRY(count, writer.write(rows, parts.back(), work.stop_token()));
      written += count;
    }
    ZUBR_CHECK(formats::join_parquet(parts, target.temporary_path(), work.path("spill"), work.stop_token()));
    fs::remove_all(work.path("export"), ignored);
    ZUBR_CHECK(target.commit());
    return written;
  }
  ZUBR_TRY(stream, formats::OutputStream::create(file));
  TextRows text(work.columns, format);
  text.append_header(stream->buffer());
  for (const jobs::Shard& shard : shards) {
    ZUBR_TRY(rows, work.read_result(shard));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows.dropped(row)) continue;
      text.append(rows, row, stream->buffer());
      ++written;
      ZUBR_CHECK(stream->flush_if_full());
    }
    if (work.stop_token().stop_requested()) return work.stopped();
  }
  ZUBR_CHECK(stream->finish());
  return written;
}

}  // namespace zubr::bulk
