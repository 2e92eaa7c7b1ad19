// RowSql: SQL expressions over rows, and rows as Parquet. Rows are loaded a batch at a time and expressions see their
// columns by name: those of the table, `row_number` (from 1) and columns that were added to it, whose values come as
// texts and are read as their type.
//
// An expression gives one value for each row; one that fails for a row fails for that row only. Aggregates and window
// functions are refused: they would see the batch, not the table.
//
// Everything lives in memory (DuckDB), bounded by the batch. One thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "formats/table_files.h"

namespace zubr::formats {

// A value as text; none is NULL.
using Value = std::optional<std::string>;

struct SqlValues {
  std::vector<Value> values;  // one for each row
  // Rows for which the expression fails, ascending; their value is NULL.
  struct Failure {
    std::size_t row = 0;  // in the batch
    std::string why;
  };
  std::vector<Failure> failures;
};

class RowSql {
 public:
  // `added`: columns besides those of the table.
  static Result<std::unique_ptr<RowSql>> open(const TableShape& shape, const std::vector<Column>& added,
                                              const std::filesystem::path& spill);
  virtual ~RowSql() = default;

  // The type of the expression's values: "BIGINT", "VARCHAR" …; nested types are "JSON", and evaluate() gives JSON.
  // kInvalidArgument with DuckDB's words when it is no expression over the columns.
  virtual Result<std::string> type_of(const std::string& expression) = 0;

  // The batch: raws[i] is a row as it was read (none: nothing of it could be), numbers[i] its row_number, added[c][i]
  // its value of the added column c. An empty added[c] is a column of NULLs. All is read before it returns.
  virtual Result<void> load(std::span<const std::optional<std::string_view>> raws,
                            std::span<const std::int64_t> numbers,
                            const std::vector<std::span<const Value>>& added) = 0;
  virtual Result<SqlValues> evaluate(const std::string& expression, std::stop_token stop) = 0;
  // The batch as a Parquet file: all columns of the table and all added ones. Not atomic: `file` is a temporary one.
  virtual Result<void> write_parquet(const std::filesystem::path& file, std::stop_token stop) = 0;
};

// The rows of all files, in order, as one. Equal files give equal bytes.
Result<void> join_parquet(const std::vector<std::filesystem::path>& files, const std::filesystem::path& joined,
                          const std::filesystem::path& spill, std::stop_token stop);

}  // namespace zubr::formats
