// Several files, or a SQL query over them, as one table: rows come as a RowReader has them, one file after the other.
//
// CSV and TSV files must have the same columns in the same order. JSONL files may differ: the columns are the keys of
// all. Parquet files, and whatever goes through SQL, come as CSV records with typed columns: each cell is the value's
// text in DuckDB's spelling, which CAST(… AS its type) reads back.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "formats/row_reader.h"
#include "formats/spool.h"

namespace zubr::formats {

struct TableFiles {
  std::vector<std::filesystem::path> files = {};
  std::optional<TableFormat> format = std::nullopt;  // none: by the names, which must agree
  std::optional<char> delimiter = std::nullopt;      // CSV; none = found out in the first file
  std::string sql = {};  // a query over the view `input`, which is all files; empty: the files as they are
  std::size_t max_cell_bytes = 64u << 20;
  std::filesystem::path spill = {};  // a folder for what does not fit into memory
  std::size_t memory_limit_bytes = 128u << 20;
};

// The files that the names mean: `*`, `?` and `[…]` as in a shell, each pattern's files sorted by name. Relative names
// count from `base`. kNotFound for a file, or a pattern without files.
Result<std::vector<std::filesystem::path>> expand_files(const std::vector<std::string>& patterns,
                                                        const std::filesystem::path& base);

// kInvalidArgument: no files, formats that differ, columns that differ (naming file and column), SQL that DuckDB does
// not take (with its words); and what the readers of the formats say.
Result<std::unique_ptr<RowReader>> open_tables(const TableFiles& tables, std::stop_token stop);

// What has to be known to take rows apart later, when their reader is gone.
struct TableShape {
  bool json_rows = false;  // rows are JSON objects; else CSV records
  char delimiter = ',';    // of CSV records
  std::vector<Column> columns = {};
};
TableShape shape_of(const RowReader& reader);
std::shared_ptr<const RowCodec> make_codec(const TableShape& shape);

}  // namespace zubr::formats
