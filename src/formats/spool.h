// Spool: a table on its way through a job. Rows go in once, in any number, from CSV, TSV, JSONL or Parquet; each
// distinct text of one column comes out once; results go back in; the whole leaves again in input order with the
// results beside the columns it came with.
//
// Everything lives in a DuckDB file in a folder of its own, so memory does not grow with the number of rows. The folder
// is removed by the destructor. One thread at a time.
//
// What "unchanged" means: CSV and TSV cells are text and stay byte for byte what they were (007 stays 007; quoting may
// differ; an empty field and a quoted empty field stay apart as NULL and ""). JSONL values keep their JSON text.
// Parquet columns keep their types.
//
// A row that cannot be read (broken UTF-8, too few or too many fields, malformed JSON, a cell over the limit) is still
// a row: it keeps its place and what could be read of it (invalid bytes as U+FFFD), and carries an error instead of
// being evaluated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace zubr::formats {

enum class TableFormat { kCsv, kTsv, kJsonl, kParquet };

// From the name: .csv .tsv .tab .jsonl .ndjson .parquet, each but the last also with .gz or .zst; "-" is JSONL.
// kInvalidArgument, listing what is known, for anything else.
Result<TableFormat> format_of(const std::filesystem::path& path);

struct InputSpec {
  std::filesystem::path path = {};  // "-" = standard input
  std::optional<TableFormat> format = std::nullopt;
  std::optional<char> delimiter = std::nullopt;  // CSV; none = found out among , ; tab |
  std::int64_t limit = -1;                       // the first so many rows; -1 = all
  std::size_t max_cell_bytes = 64u << 20;
};

struct OutputSpec {
  std::filesystem::path path = {};  // "-" = standard output
  std::optional<TableFormat> format = std::nullopt;
};

struct Column {
  std::string name;
  std::string type;      // DuckDB's name: VARCHAR, BIGINT, JSON …
  bool is_text = false;  // may be classified: VARCHAR, or a JSON column that holds strings
};

// A value of a result column. monostate = NULL.
using Cell = std::variant<std::monostate, std::string, double, std::vector<float>>;
enum class CellType { kText, kNumber, kVector, kJson };
struct ResultColumn {
  std::string name;  // "label"; kAlreadyExists when the input has a column of that name
  CellType type = CellType::kText;
};

struct TextRow {
  std::int64_t row = 0;  // the first row that has this text, from 0
  std::string text;      // valid UTF-8; NULL and "" are texts of their own
  bool is_null = false;
  std::int64_t count = 1;  // how many rows have it
};

class Spool {
 public:
  // `parent`: where the working folder is made (beside the output, where space is wanted anyway).
  static Result<std::unique_ptr<Spool>> create(const std::filesystem::path& parent,
                                               std::size_t memory_limit_bytes = 192u << 20);
  virtual ~Spool() = default;

  using ProgressFn = std::function<void(std::int64_t rows)>;

  // Reads the whole input. Call once. File-level trouble is an error: kNotFound, kInvalidArgument (empty, no header,
  // duplicate header names, a directory), kCorrupt, kDiskFull.
  virtual Result<void> ingest(const InputSpec& input, std::stop_token stop, const ProgressFn& progress) = 0;
  virtual const std::vector<Column>& columns() const = 0;
  virtual std::int64_t row_count() const = 0;
  virtual std::int64_t bad_row_count() const = 0;

  // Finds the distinct texts of a column among the readable rows. Returns how many. kInvalidArgument: no such column.
  virtual Result<std::int64_t> index_texts(std::string_view column, std::stop_token stop = {}) = 0;
  // The next up to `count` distinct texts, by first row; empty at the end.
  virtual Result<std::vector<TextRow>> next_texts(std::size_t count) = 0;

  // Declares what each row gets; the last column is always "error" (text), and not to be named here.
  virtual Result<void> declare_results(const std::vector<ResultColumn>& columns) = 0;
  // The result for every row with the text of `row` (a TextRow's). Rows ascending. cells.size() == declared columns.
  virtual Result<void> put(std::int64_t row, std::vector<Cell> cells) = 0;
  virtual Result<void> put_error(std::int64_t row, std::string message) = 0;

  // Writes columns, results and error, in input order, beside the target, then renames: a reader never sees half a
  // file. `only_finished`: leave out the rows that have neither a result nor an error (an interrupted run).
  // Returns the number of rows written.
  virtual Result<std::int64_t> write(const OutputSpec& output, bool only_finished, std::stop_token stop) = 0;
};

}  // namespace zubr::formats
