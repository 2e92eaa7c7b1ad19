#include "formats/duckdb/duckdb_spool.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/atomic_file.h"
#include "formats/duckdb/functions.h"

namespace zubr::formats {
namespace {

const char* sql_type(CellType type) {
  switch (type) {
    case CellType::kNumber: return "DOUBLE";
    case CellType::kVector: return "FLOAT[]";
    case CellType::kText:
    case CellType::kJson: return "VARCHAR";
  }
  return "VARCHAR";
}

OwnedType logical_type(CellType type) {
  switch (type) {
    case CellType::kNumber: return OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE));
    case CellType::kVector: {
      const OwnedType element(duckdb_create_logical_type(DUCKDB_TYPE_FLOAT));
      return OwnedType(duckdb_create_list_type(element.get()));
    }
    case CellType::kText:
    case CellType::kJson: return OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  }
  return OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
}

bool fits(const Cell& cell, CellType type) {
  switch (type) {
    case CellType::kNumber: return !std::holds_alternative<std::string>(cell) && cell.index() != 3;
    case CellType::kVector: return std::holds_alternative<std::vector<float>>(cell) || cell.index() == 0;
    case CellType::kText:
    case CellType::kJson: return std::holds_alternative<std::string>(cell) || cell.index() == 0;
  }
  return false;
}

}  // namespace

Result<WorkFolder> WorkFolder::create(const std::filesystem::path& parent) {
  std::string name = ((parent.empty() ? "." : parent) / ".zubr-spool-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fail(core::system_error(fmt::format("cannot make a working folder in {}", parent.string()), errno));
  }
  return WorkFolder(name);
}

WorkFolder::~WorkFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<std::unique_ptr<Spool>> Spool::create(const std::filesystem::path& parent, std::size_t memory_limit_bytes) {
  ZUBR_TRY(folder, WorkFolder::create(parent));
  ZUBR_TRY(database, Database::open(folder.path(), memory_limit_bytes));
  ZUBR_TRY(input, database.connect());
  ZUBR_TRY(duplicates, database.connect());
  ZUBR_TRY(repeats, database.connect());
  ZUBR_TRY(results, database.connect());
  // The file dies with the process: nothing has to be made durable.
  for (const char* setting : {"SET wal_autocheckpoint = '1TB'", "PRAGMA disable_checkpoint_on_shutdown",
                              // Compressing would cost more than all the rest of reading.
                              "SET force_compression = 'uncompressed'", "SET preserve_insertion_order = true"}) {
    ZUBR_CHECK(input.run(setting, "cannot set the working file up"));
  }
  ZUBR_CHECK(add_hash_function(input));
  return std::make_unique<DuckdbSpool>(
      std::move(folder), std::move(database),
      DuckdbSpool::Connections{std::move(input), std::move(duplicates), std::move(repeats), std::move(results)});
}

DuckdbSpool::DuckdbSpool(WorkFolder folder, Database database, Connections connections)
    : folder_(std::move(folder)),
      database_(std::move(database)),
      input_(std::move(connections.input)),
      duplicates_(std::move(connections.duplicates)),
      repeats_(std::move(connections.repeats)),
      results_(std::move(connections.results)) {}

Result<void> DuckdbSpool::declare_results(const std::vector<ResultColumn>& columns) {
  if (!ingested_ || !result_columns_.empty()) {
    return fail(ErrorCode::kInternal, "results are declared once, after the input was read");
  }
  std::vector<ResultColumn> all = columns;
  all.push_back({"error", CellType::kText});
  std::string sql = "CREATE TABLE results (row BIGINT";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto taken = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const Column& column) { return column.name == all[i].name; });
    if (taken != columns_.end()) {
      return fail(ErrorCode::kAlreadyExists,
                  "the input has a column '{}' already, and the result would be named so too; rename it in the input",
                  all[i].name);
    }
    if (i + 1 < all.size() && all[i].name == "error") {
      return fail(ErrorCode::kInternal, "the column 'error' is always there and not to be declared");
    }
    sql += fmt::format(", r{} {}", i, sql_type(all[i].type));
  }
  ZUBR_CHECK(results_.run(sql + ")", "cannot make room for the results"));
  result_columns_ = std::move(all);
  return {};
}

Result<ChunkAppender*> DuckdbSpool::results_appender(std::int64_t row) {
  if (result_columns_.empty()) return fail(ErrorCode::kInternal, "a result came before results were declared");
  if (row <= last_put_ || row >= row_count_) {
    return fail(ErrorCode::kInternal, "the result of row {} came after that of row {} (of {} rows)", row, last_put_,
                row_count_);
  }
  last_put_ = row;
  if (!appender_) {
    // One transaction for all: full row groups go to the file once, and not to a write-ahead log before.
    ZUBR_CHECK(results_.run("BEGIN TRANSACTION", "cannot keep the results"));
    ZUBR_TRY(appender, ChunkAppender::create(results_, "results", result_types()));
    appender_.emplace(std::move(appender));
  }
  return &*appender_;
}

Result<void> DuckdbSpool::put(std::int64_t row, std::vector<Cell> cells) {
  if (cells.size() + 1 != result_columns_.size()) {
    return fail(ErrorCode::kInternal, "{} results for {} result columns", cells.size(), result_columns_.size() - 1);
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!fits(cells[i], result_columns_[i].type)) {
      return fail(ErrorCode::kInternal, "the result of column '{}' has another type than declared",
                  result_columns_[i].name);
    }
  }
  ZUBR_TRY(appender, results_appender(row));
  appender->set_integer(0, row);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (const auto* text = std::get_if<std::string>(&cells[i])) {
      appender->set_text(i + 1, *text);
    } else if (const auto* number = std::get_if<double>(&cells[i])) {
      appender->set_number(i + 1, *number);
    } else if (const auto* vector = std::get_if<std::vector<float>>(&cells[i])) {
      largest_vector_bytes_ = std::max(largest_vector_bytes_, static_cast<std::int64_t>(4 * vector->size()));
      ZUBR_CHECK(appender->set_floats(i + 1, vector->data(), vector->size()));
    } else {
      appender->set_null(i + 1);
    }
  }
  appender->set_null(cells.size() + 1);
  return appender->end_row();
}

Result<void> DuckdbSpool::put_error(std::int64_t row, std::string error) {
  ZUBR_TRY(appender, results_appender(row));
  appender->set_integer(0, row);
  for (std::size_t i = 1; i < result_columns_.size(); ++i) appender->set_null(i);
  appender->set_text(result_columns_.size(), error);
  return appender->end_row();
}

Result<void> DuckdbSpool::finish_puts() {
  if (!appender_) return {};
  ZUBR_CHECK(appender_->flush());
  appender_.reset();
  return results_.run("COMMIT", "cannot keep the results");
}

std::vector<OwnedType> DuckdbSpool::result_types() const {
  std::vector<OwnedType> types;
  types.push_back(OwnedType(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT)));
  for (const ResultColumn& column : result_columns_) types.push_back(logical_type(column.type));
  return types;
}

}  // namespace zubr::formats
