#include "formats/duckdb/query_reader.h"

#include <optional>

#include "formats/csv_codec.h"
#include "formats/duckdb/handles.h"

namespace zubr::formats {
namespace {

constexpr char kDelimiter = ',';

class QueryReader final : public RowReader {
 public:
  QueryReader(Database database, Connection connection)
      : database_(std::move(database)), connection_(std::move(connection)) {}

  Result<void> open(const Query& query, std::stop_token stop) {
    doing_ = fmt::format("cannot read {}", query.name);
    ZUBR_CHECK(connection_.run("SET preserve_insertion_order = true", doing_));
    ZUBR_CHECK(as_argument(connection_.run("CREATE VIEW input AS SELECT * FROM " + query.scan, doing_, stop)));
    const std::string from = query.sql.empty() ? "input" : "(" + query.sql + "\n)";
    auto described = connection_.stream(
        fmt::format("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {})", from), doing_, stop);
    if (!described) return as_argument(fail(std::move(described).error()));
    std::string selected;
    for (;;) {
      ZUBR_TRY(any, described->next_row());
      if (!any) break;
      Column column{std::string(described->text(0)), std::string(described->text(1)), false};
      column.is_text = column.type == "VARCHAR";
      selected += fmt::format("{}CAST({} AS VARCHAR)", selected.empty() ? "" : ", ", sql_name(column.name));
      columns_.push_back(std::move(column));
    }
    auto rows = connection_.stream(fmt::format("SELECT {} FROM {}", selected, from), doing_, stop);
    if (!rows) return as_argument(fail(std::move(rows).error()));
    rows_.emplace(std::move(*rows));
    return {};
  }

  Result<bool> next(ReadRow& row) override {
    ZUBR_TRY(any, rows_->next_row());
    if (!any) return false;
    record_.clear();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) record_ += kDelimiter;
      const bool null = rows_->is_null(i);
      append_csv_field(record_, null ? std::string_view() : rows_->text(i), null, kDelimiter);
    }
    row.raw = record_;
    row.has_raw = true;
    row.error.clear();
    return true;
  }
  std::vector<Column> columns() const override { return columns_; }
  std::shared_ptr<const RowCodec> codec() const override {
    return std::make_shared<CsvCodec>(kDelimiter, columns_.size());
  }

 private:
  // What DuckDB has no type for is the user's SQL.
  static Result<void> as_argument(Result<void> result) {
    if (!result && result.error().code() == ErrorCode::kInternal)
      return fail(Error(ErrorCode::kInvalidArgument, result.error().message()));
    return result;
  }

  Database database_;
  Connection connection_;
  std::string doing_;
  std::vector<Column> columns_;
  std::optional<Cursor> rows_;
  std::string record_;
};

}  // namespace

std::string sql_literal(std::string_view text) { return sql_text(text); }

Result<std::unique_ptr<RowReader>> open_query(const Query& query, std::stop_token stop) {
  ZUBR_TRY(database, Database::in_memory(query.spill, query.memory_limit_bytes));
  ZUBR_TRY(connection, database.connect());
  auto reader = std::make_unique<QueryReader>(std::move(database), std::move(connection));
  ZUBR_CHECK(reader->open(query, std::move(stop)));
  return reader;
}

}  // namespace zubr::formats
