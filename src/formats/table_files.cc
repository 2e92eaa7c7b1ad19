#include "formats/table_files.h"

#include <glob.h>

#include <algorithm>

#include "formats/byte_source.h"
#include "formats/csv_codec.h"
#include "formats/csv_reader.h"
#include "formats/duckdb/query_reader.h"
#include "formats/jsonl_reader.h"

namespace zubr::formats {
namespace fs = std::filesystem;
namespace {

// Files one after the other; a line end between them, where the one before has none.
class JoinedSource final : public ByteSource {
 public:
  explicit JoinedSource(std::vector<fs::path> files) : files_(std::move(files)) {}

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    for (;;) {
      if (!current_) {
        if (next_ == files_.size()) return 0u;
        ZUBR_TRY(opened, open_source(files_[next_++]));
        current_ = std::move(opened);
      }
      ZUBR_TRY(got, current_->read(buffer, size));
      if (got > 0) {
        last_ = buffer[got - 1];
        return got;
      }
      current_.reset();
      if (last_ == '\n' || size == 0) continue;
      buffer[0] = last_ = '\n';
      return 1u;
    }
  }

 private:
  std::vector<fs::path> files_;
  std::size_t next_ = 0;
  std::unique_ptr<ByteSource> current_;
  char last_ = '\n';
};

class CsvFiles final : public RowReader {
 public:
  CsvFiles(std::vector<fs::path> files, CsvOptions options) : files_(std::move(files)), options_(std::move(options)) {}

  Result<void> open_next() {
    const fs::path& file = files_[next_++];
    ZUBR_TRY(source, open_source(file));
    options_.name = file.string();
    ZUBR_TRY(reader, open_csv(std::move(source), options_));
    if (current_) ZUBR_CHECK(check_same(reader->columns(), file));
    current_ = std::move(reader);
    const auto codec = current_->codec();
    options_.delimiter = dynamic_cast<const CsvCodec&>(*codec).delimiter();
    return {};
  }

  Result<bool> next(ReadRow& row) override {
    for (;;) {
      ZUBR_TRY(any, current_->next(row));
      if (any) {
        if (!row.error.empty() && files_.size() > 1) row.error = options_.name + ": " + row.error;
        return true;
      }
      if (next_ == files_.size()) return false;
      ZUBR_CHECK(open_next());
    }
  }
  std::vector<Column> columns() const override { return current_->columns(); }
  std::shared_ptr<const RowCodec> codec() const override { return current_->codec(); }

 private:
  Result<void> check_same(const std::vector<Column>& columns, const fs::path& file) const {
    const auto expected = current_->columns();
    for (std::size_t i = 0; i < std::max(columns.size(), expected.size()); ++i) {
      const std::string there = i < columns.size() ? columns[i].name : message("nothing");
      const std::string wanted = i < expected.size() ? expected[i].name : message("nothing");
      if (there != wanted)
        return fail(ErrorCode::kInvalidArgument,
                    "column {} of {} is '{}', and '{}' in {}; all files of an input have the same columns", i + 1,
                    file.string(), there, wanted, files_.front().string());
    }
    return {};
  }

  std::vector<fs::path> files_;
  CsvOptions options_;
  std::size_t next_ = 0;
  std::unique_ptr<RowReader> current_;
};

Result<TableFormat> common_format(const TableFiles& tables) {
  if (tables.format) return *tables.format;
  std::optional<TableFormat> format;
  for (const fs::path& file : tables.files) {
    ZUBR_TRY(known, format_of(file));
    if (format && known != *format)
      return fail(ErrorCode::kInvalidArgument, "{} and {} have different formats; all files of an input have the same",
                  tables.files.front().string(), file.string());
    format = known;
  }
  return *format;
}

std::string sql_list(const std::vector<fs::path>& files) {
  std::string list;
  for (const fs::path& file : files) list += (list.empty() ? "" : ", ") + sql_literal(file.string());
  return "[" + list + "]";
}

std::string scan_sql(const TableFiles& tables, TableFormat format) {
  const std::string files = sql_list(tables.files);
  switch (format) {
    case TableFormat::kParquet: return fmt::format("read_parquet({}, hive_partitioning = false)", files);
    case TableFormat::kJsonl: return fmt::format("read_json({}, format = 'newline_delimited')", files);
    case TableFormat::kTsv: return fmt::format("read_csv({}, header = true, delim = '\t')", files);
    case TableFormat::kCsv: break;
  }
  if (!tables.delimiter) return fmt::format("read_csv({}, header = true)", files);
  return fmt::format("read_csv({}, header = true, delim = {})", files,
                     sql_literal(std::string_view(&*tables.delimiter, 1)));
}

}  // namespace

Result<std::vector<fs::path>> expand_files(const std::vector<std::string>& patterns, const fs::path& base) {
  std::vector<fs::path> files;
  for (const std::string& pattern : patterns) {
    const fs::path whole = base / pattern;
    std::error_code ignored;
    if (fs::exists(whole, ignored)) {
      files.push_back(whole);
      continue;
    }
    if (pattern.find_first_of("*?[") == std::string::npos)
      return fail(ErrorCode::kNotFound, "there is no file '{}'", whole.string());
    glob_t found{};
    const int status = ::glob(whole.c_str(), 0, nullptr, &found);
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    if (status != 0) return fail(ErrorCode::kNotFound, "no file fits '{}'", whole.string());
  }
  return files;
}

Result<std::unique_ptr<RowReader>> open_tables(const TableFiles& tables, std::stop_token stop) {
  if (tables.files.empty()) return fail(ErrorCode::kInvalidArgument, "the input has no files");
  ZUBR_TRY(format, common_format(tables));
  if (!tables.sql.empty() || format == TableFormat::kParquet) {
    for (const fs::path& file : tables.files) ZUBR_CHECK(open_source(file));
    return open_query({.scan = scan_sql(tables, format),
                       .sql = tables.sql,
                       .name = tables.files.front().string(),
                       .spill = tables.spill,
                       .memory_limit_bytes = tables.memory_limit_bytes},
                      std::move(stop));
  }
  if (format == TableFormat::kJsonl)
    return open_jsonl(std::make_unique<JoinedSource>(tables.files),
                      {tables.files.front().string(), tables.max_cell_bytes});
  CsvOptions options{{}, tables.delimiter, tables.max_cell_bytes};
  if (format == TableFormat::kTsv && !options.delimiter) options.delimiter = '\t';
  auto reader = std::make_unique<CsvFiles>(tables.files, std::move(options));
  ZUBR_CHECK(reader->open_next());
  return reader;
}

TableShape shape_of(const RowReader& reader) {
  TableShape shape;
  shape.columns = reader.columns();
  const auto codec = reader.codec();
  const auto* csv = dynamic_cast<const CsvCodec*>(codec.get());
  shape.json_rows = csv == nullptr;
  if (csv != nullptr) shape.delimiter = csv->delimiter();
  return shape;
}

std::shared_ptr<const RowCodec> make_codec(const TableShape& shape) {
  if (shape.json_rows) return make_jsonl_codec(shape.columns);
  return std::make_shared<CsvCodec>(shape.delimiter, shape.columns.size());
}

}  // namespace zubr::formats
