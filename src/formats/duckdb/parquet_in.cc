#include <algorithm>
#include <system_error>

#include "core/atomic_file.h"
#include "formats/byte_source.h"
#include "formats/duckdb/duckdb_spool.h"

namespace zubr::formats {
namespace {

// A file that is not there, not readable, empty or of another kind is worth a better message than DuckDB's.
Result<void> check_is_parquet(const std::filesystem::path& path) {
  if (path == "-") {
    return fail(ErrorCode::kUnsupported,
                "Parquet cannot come from standard input: it is read from its end; save it first");
  }
  ZUBR_TRY(source, open_source(path));
  char magic[4] = {};
  std::size_t got = 0;
  while (got < sizeof magic) {
    ZUBR_TRY(more, source->read(magic + got, sizeof magic - got));
    if (more == 0) break;
    got += more;
  }
  if (got == 0) return fail(ErrorCode::kInvalidArgument, "{} is empty", path.string());
  if (std::string_view(magic, got) != "PAR1") {
    return fail(ErrorCode::kCorrupt, "{} is not a Parquet file (it does not begin with PAR1)", path.string());
  }
  return {};
}

bool is_text_type(std::string_view type) { return type == "VARCHAR"; }

// DuckDB reads the file under the link's name; the reader of the message knows it under another.
Error with_real_name(const Error& error, const std::string& link, const std::string& real) {
  std::string text = error.message();
  for (std::size_t at = text.find(link); at != std::string::npos; at = text.find(link, at + real.size())) {
    text.replace(at, link.size(), real);
  }
  return Error(error.code(), text);
}

}  // namespace

Result<void> DuckdbSpool::ingest_parquet(const InputSpec& input, std::stop_token stop, const ProgressFn& progress) {
  ZUBR_CHECK(check_is_parquet(input.path));
  const std::string link = (folder_.path() / "input.parquet").string();
  const auto read = read_parquet(input, link, std::move(stop));
  if (!read) return fail(with_real_name(read.error(), link, input.path.string()));
  if (progress) progress(row_count_);
  return {};
}

Result<void> DuckdbSpool::read_parquet(const InputSpec& input, const std::string& link, std::stop_token stop) {
  // Under a name of our own, in which nothing is a wildcard or a partition's key.
  std::error_code failed;
  std::filesystem::create_symlink(std::filesystem::absolute(input.path), link, failed);
  if (failed) return fail(core::system_error(fmt::format("cannot read {}", input.path.string()), failed.value()));
  const std::string doing = fmt::format("cannot read {}", input.path.string());
  const std::string from = fmt::format("read_parquet({}, hive_partitioning = false)", sql_text(link));
  ZUBR_TRY(described,
           input_.stream(fmt::format("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {})", from), doing,
                         stop));
  std::string selected;
  for (;;) {
    ZUBR_TRY(any, described.next_row());
    if (!any) break;
    Column column{std::string(described.text(0)), std::string(described.text(1)), is_text_type(described.text(1))};
    selected += fmt::format("{}{} AS c{}", selected.empty() ? "" : ", ", sql_name(column.name), columns_.size());
    columns_.push_back(std::move(column));
  }
  const std::string limit = input.limit < 0 ? "" : fmt::format(" LIMIT {}", input.limit);
  ZUBR_CHECK(input_.run(fmt::format("CREATE TABLE input AS SELECT {} FROM {}{}", selected, from, limit), doing, stop));
  ZUBR_TRY(rows, input_.integer("SELECT count(*) FROM input", doing, stop));
  row_count_ = rows;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(input.path, failed));
  constexpr std::int64_t kUsualCompression = 4;
  input_bytes_ = failed ? 0 : kUsualCompression * bytes;
  return {};
}

// For CSV the text of every value. For JSONL its JSON; a number that JSON readers cannot hold stays spelled out.
std::string DuckdbSpool::parquet_as_text(TableFormat output) const {
  std::string sql;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string_view type = columns_[i].type;
    const bool spelled = output != TableFormat::kJsonl || is_text_type(type) || type == "HUGEINT" ||
                         type == "UHUGEINT" || type.substr(0, 7) == "DECIMAL";
    const bool floating = type == "DOUBLE" || type == "FLOAT";
    std::string value = fmt::format("CAST(c{} AS VARCHAR)", i);
    if (!spelled) value = fmt::format("CAST(to_json(c{}) AS VARCHAR)", i);
    if (!spelled && floating)
      value = fmt::format("CASE WHEN isfinite(c{0}) THEN CAST(to_json(c{0}) AS VARCHAR) END", i);
    sql += (i == 0 ? "SELECT " : ", ") + value;
  }
  return sql + " FROM input";
}

void DuckdbSpool::read_parquet_row(const Cursor& rows, TableFormat, OutputRow& row) const {
  row.has_raw = false;
  row.fields.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    row.fields[i] = Field();
    if (rows.is_null(i)) continue;
    row.fields[i] = {rows.text(i), is_text_type(columns_[i].type) ? Field::Kind::kText : Field::Kind::kJson};
  }
}

}  // namespace zubr::formats
