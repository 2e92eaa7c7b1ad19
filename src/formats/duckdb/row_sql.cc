#include "formats/row_sql.h"

#include <algorithm>

#include "formats/duckdb/functions.h"
#include "formats/duckdb/handles.h"

namespace zubr::formats {
namespace {

constexpr std::size_t kMemoryBytes = 96u << 20;
constexpr std::size_t kExplainedFailures = 100;
constexpr std::string_view kDoing = "cannot load rows for SQL";

// Nested values go out as JSON; everything else as its text.
bool is_nested(std::string_view type) {
  return type.ends_with("]") || type.starts_with("STRUCT(") || type.starts_with("MAP(") || type.starts_with("UNION(");
}

bool says_something_of_the_rows(ErrorCode code) {
  return code != ErrorCode::kCancelled && code != ErrorCode::kOutOfMemory && code != ErrorCode::kDiskFull &&
         code != ErrorCode::kIo;
}

class DuckdbRowSql final : public RowSql {
 public:
  DuckdbRowSql(Database database, Connection connection)
      : database_(std::move(database)), connection_(std::move(connection)) {}

  Result<void> prepare(const TableShape& shape, const std::vector<Column>& added) {
    added_ = added;
    ZUBR_CHECK(connection_.run("SET preserve_insertion_order = true; SET threads = 1", kDoing));
    ZUBR_CHECK(add_field_functions(connection_, make_codec(shape)));
    std::string table = "CREATE TABLE loaded (n BIGINT, raw VARCHAR";
    for (std::size_t i = 0; i < added.size(); ++i) table += fmt::format(", a{} VARCHAR", i);
    ZUBR_CHECK(connection_.run(table + ")", kDoing));
    for (std::size_t i = 0; i < shape.columns.size(); ++i) {
      const Column& column = shape.columns[i];
      std::string value = fmt::format("zubr_field(raw, {}::BIGINT)", i);
      if (shape.json_rows && column.type == "JSON")
        value = fmt::format("CAST(zubr_json(raw, {}::BIGINT) AS JSON)", i);
      else if (column.type != "VARCHAR")
        value = fmt::format("CAST({} AS {})", value, column.type);
      output_ += fmt::format("{}{} AS {}", i == 0 ? "" : ", ", value, sql_name(column.name));
    }
    for (std::size_t i = 0; i < added.size(); ++i) {
      std::string value = fmt::format("a{}", i);
      if (added[i].type != "VARCHAR") value = fmt::format("CAST({} AS {})", value, added[i].type);
      output_ += fmt::format(", {} AS {}", value, sql_name(added[i].name));
    }
    return connection_.run(fmt::format("CREATE VIEW visible AS SELECT n AS \"row_number\", {} FROM loaded", output_),
                           kDoing);
  }

  Result<std::string> type_of(const std::string& expression) override {
    const std::string doing = fmt::format("'{}' is no expression over the columns", expression);
    const auto argument = [](const Error& error) { return Error(ErrorCode::kInvalidArgument, error.message()); };
    // A WHERE takes no aggregates and no window functions.
    if (auto fits =
            connection_.stream(fmt::format("SELECT 1 FROM visible WHERE ({}\n) IS NOT NULL", expression), doing);
        !fits)
      return fail(argument(fits.error()));
    auto described = connection_.stream(
        fmt::format("SELECT column_type FROM (DESCRIBE SELECT ({}\n) AS value FROM visible)", expression), doing);
    if (!described) return fail(argument(described.error()));
    ZUBR_TRY(any, described->next_row());
    if (!any) return fail(ErrorCode::kInternal, "DuckDB says no type of '{}'", expression);
    std::string type(described->text(0));
    if (type == "\"NULL\"" || type == "NULL") type = "VARCHAR";
    if (is_nested(type)) nested_.push_back(expression);
    return is_nested(type) ? "JSON" : type;
  }

  Result<void> load(std::span<const std::optional<std::string_view>> raws, std::span<const std::int64_t> numbers,
                    const std::vector<std::span<const Value>>& added) override {
    ZUBR_CHECK(connection_.run("TRUNCATE loaded", kDoing));
    std::vector<OwnedType> types;
    types.push_back(OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT)));
    for (std::size_t i = 0; i <= added_.size(); ++i)
      types.push_back(OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR)));
    ZUBR_TRY(appender, ChunkAppender::create(connection_, "loaded", std::move(types)));
    const auto set = [&](std::size_t column, const auto& text) {
      text ? appender.set_text(column, *text) : appender.set_null(column);
    };
    for (std::size_t row = 0; row < raws.size(); ++row) {
      appender.set_integer(0, numbers[row]);
      set(1, raws[row]);
      for (std::size_t column = 0; column < added_.size(); ++column) {
        if (added[column].empty())
          appender.set_null(2 + column);
        else
          set(2 + column, added[column][row]);
      }
      ZUBR_CHECK(appender.end_row());
    }
    rows_ = raws.size();
    numbers_.assign(numbers.begin(), numbers.end());
    return appender.flush();
  }

  Result<SqlValues> evaluate(const std::string& expression, std::stop_token stop) override {
    const std::string value = value_sql(expression);
    auto all = select(fmt::format("SELECT {} FROM visible", value), stop);
    if (all) return SqlValues{std::move(*all), {}};
    if (!says_something_of_the_rows(all.error().code())) return fail(all.error());
    SqlValues result;
    // NULL where the expression fails, and a second column that is NULL only there.
    auto tried = select(fmt::format("SELECT TRY({0}) FROM visible", value), stop);
    auto sound = select(fmt::format("SELECT TRY(CAST(({0}\n) IS NULL AS VARCHAR)) FROM visible", expression), stop);
    if (tried && sound) {
      result.values = std::move(*tried);
      for (std::size_t row = 0; row < rows_; ++row)
        if (!(*sound)[row] || (!result.values[row] && *(*sound)[row] == "false")) result.failures.push_back({row, {}});
      for (std::size_t i = 0; i < result.failures.size(); ++i) {
        auto& failure = result.failures[i];
        failure.why = message("the expression fails for this row");
        if (i >= kExplainedFailures) continue;
        const auto alone = one_row(value, failure.row, stop);
        if (!alone) failure.why = alone.error().message();
      }
      return result;
    }
    for (std::size_t row = 0; row < rows_; ++row) {  // expressions that TRY does not take
      auto alone = one_row(value, row, stop);
      if (!alone && !says_something_of_the_rows(alone.error().code())) return fail(alone.error());
      if (!alone) result.failures.push_back({row, alone.error().message()});
      result.values.push_back(alone ? std::move(*alone) : Value());
    }
    return result;
  }

  Result<void> write_parquet(const std::filesystem::path& file, std::stop_token stop) override {
    return connection_.run(fmt::format("COPY (SELECT {} FROM loaded) TO {} (FORMAT parquet, USE_TMP_FILE false)",
                                       output_, sql_text(file.string())),
                           fmt::format("cannot write {}", file.string()), std::move(stop));
  }

 private:
  std::string value_sql(const std::string& expression) const {
    const bool nested = std::ranges::find(nested_, expression) != nested_.end();
    return nested ? fmt::format("CAST(to_json(({}\n)) AS VARCHAR)", expression)
                  : fmt::format("CAST(({}\n) AS VARCHAR)", expression);
  }

  Result<std::vector<Value>> select(const std::string& sql, const std::stop_token& stop) {
    ZUBR_TRY(rows, connection_.stream(sql, "SQL", stop));
    std::vector<Value> values;
    values.reserve(rows_);
    for (;;) {
      auto any = rows.next_row();
      if (!any) return fail(stop.stop_requested() ? Error(ErrorCode::kCancelled, any.error().message()) : any.error());
      if (!*any) break;
      values.push_back(rows.is_null(0) ? Value() : Value(rows.text(0)));
    }
    if (values.size() != rows_)
      return fail(ErrorCode::kInvalidArgument, "an expression gave {} values for {} rows", values.size(), rows_);
    return values;
  }

  Result<Value> one_row(const std::string& value, std::size_t row, const std::stop_token& stop) {
    ZUBR_TRY(rows,
             connection_.stream(fmt::format("SELECT {} FROM visible WHERE \"row_number\" = {}", value, numbers_[row]),
                                "SQL", stop));
    ZUBR_TRY(any, rows.next_row());
    return !any || rows.is_null(0) ? Value() : Value(rows.text(0));
  }

  Database database_;
  Connection connection_;
  std::vector<Column> added_;
  std::string output_;  // the selected columns
  std::vector<std::string> nested_;
  std::size_t rows_ = 0;
  std::vector<std::int64_t> numbers_;
};

}  // namespace

Result<std::unique_ptr<RowSql>> RowSql::open(const TableShape& shape, const std::vector<Column>& added,
                                             const std::filesystem::path& spill) {
  ZUBR_TRY(database, Database::in_memory(spill, kMemoryBytes));
  ZUBR_TRY(connection, database.connect());
  auto sql = std::make_unique<DuckdbRowSql>(std::move(database), std::move(connection));
  ZUBR_CHECK(sql->prepare(shape, added));
  return sql;
}

Result<void> join_parquet(const std::vector<std::filesystem::path>& files, const std::filesystem::path& joined,
                          const std::filesystem::path& spill, std::stop_token stop) {
  ZUBR_TRY(database, Database::in_memory(spill, 2 * kMemoryBytes));
  ZUBR_TRY(connection, database.connect());
  const std::string doing = fmt::format("cannot write {}", joined.string());
  // One thread: where row groups end must not depend on who was faster.
  ZUBR_CHECK(connection.run("SET preserve_insertion_order = true; SET threads = 1", doing));
  std::string list;
  for (const auto& file : files) list += (list.empty() ? "" : ", ") + sql_text(file.string());
  return connection.run(fmt::format("COPY (SELECT * FROM read_parquet([{}], hive_partitioning = false)) TO {} "
                                    "(FORMAT parquet, USE_TMP_FILE false)",
                                    list, sql_text(joined.string())),
                        doing, std::move(stop));
}

}  // namespace zubr::formats
