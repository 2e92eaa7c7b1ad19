// The rows of a SQL query as CSV records, with DuckDB's types for columns. One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "formats/row_reader.h"

namespace zubr::formats {

struct Query {
  std::string scan;  // a table function: read_parquet([…])
  std::string sql;   // over the view `input`, which is the scan; empty: all of it
  std::string name;  // for messages
  std::filesystem::path spill;
  std::size_t memory_limit_bytes = 0;
};

// kInvalidArgument, with DuckDB's words, for SQL that is none; kCorrupt for files that are none.
Result<std::unique_ptr<RowReader>> open_query(const Query& query, std::stop_token stop);

// 'it''s'
std::string sql_literal(std::string_view text);

}  // namespace zubr::formats
