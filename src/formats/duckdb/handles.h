// DuckDB behind RAII: a database file, connections, streaming cursors and chunk appenders, with errors as values.
// Only this folder includes duckdb.h.
//
// A Connection runs one statement at a time and owns at most one open Cursor; it is used from one thread, but a
// stop_token may interrupt it from any.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace zubr::formats {

// A C handle with its destroying function, which takes a pointer to it.
template <typename Handle, void (*Destroy)(Handle*)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    reset();
    handle_ = std::exchange(other.handle_, nullptr);
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { reset(); }

  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }
  explicit operator bool() const { return handle_ != nullptr; }
  void reset() {
    if (handle_ != nullptr) Destroy(&handle_);
    handle_ = nullptr;
  }

 private:
  Handle handle_ = nullptr;
};

using OwnedDatabase = Owned<duckdb_database, duckdb_close>;
using OwnedConnection = Owned<duckdb_connection, duckdb_disconnect>;
using OwnedChunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using OwnedType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;
inline void destroy_appender(duckdb_appender* appender) { duckdb_appender_destroy(appender); }
using OwnedAppender = Owned<duckdb_appender, destroy_appender>;
using OwnedConfig = Owned<duckdb_config, duckdb_destroy_config>;

class OwnedResult {
 public:
  OwnedResult() = default;
  OwnedResult(OwnedResult&& other) noexcept : result_(std::exchange(other.result_, duckdb_result{})) {}
  OwnedResult& operator=(OwnedResult&& other) noexcept {
    std::swap(result_, other.result_);
    return *this;
  }
  OwnedResult(const OwnedResult&) = delete;
  OwnedResult& operator=(const OwnedResult&) = delete;
  ~OwnedResult() { duckdb_destroy_result(&result_); }
  duckdb_result* out() { return &result_; }

 private:
  duckdb_result result_{};
};

// DuckDB's error as ours: interruption → kCancelled, a full disk → kDiskFull, memory → kOutOfMemory, broken files →
// kCorrupt, reading and writing → kIo.
Error duckdb_failure(std::string_view doing, duckdb_error_type type, std::string_view text);

// Rows of a running query, chunk by chunk. Memory: a few chunks, however many rows.
class Cursor {
 public:
  explicit Cursor(OwnedResult result) : result_(std::move(result)) {}

  // The next chunk; false at the end.
  Result<bool> next_chunk();
  // Steps to the next row, over chunks; false at the end.
  Result<bool> next_row();

  std::size_t size() const { return size_; }
  std::size_t index() const { return index_; }  // of the row in the chunk
  bool is_null(std::size_t column) const;
  std::string_view text(std::size_t column) const;  // valid until the next chunk
  std::int64_t integer(std::size_t column) const;
  double number(std::size_t column) const;
  duckdb_uhugeint hash(std::size_t column) const;
  std::pair<const float*, std::size_t> floats(std::size_t column) const;

 private:
  OwnedResult result_;
  OwnedChunk chunk_;
  std::size_t size_ = 0;
  std::size_t index_ = 0;
  std::vector<void*> data_;
  std::vector<std::uint64_t*> validity_;
};

class Connection {
 public:
  explicit Connection(OwnedConnection handle) : handle_(std::move(handle)) {}
  duckdb_connection get() const { return handle_.get(); }

  // `doing` begins the message of a failure: "cannot read x.parquet".
  Result<void> run(const std::string& sql, std::string_view doing, std::stop_token stop = {});
  Result<std::int64_t> integer(const std::string& sql, std::string_view doing, std::stop_token stop = {});
  // The rows as they come. Ends the cursor that was open before.
  Result<Cursor> stream(const std::string& sql, std::string_view doing, std::stop_token stop = {});

 private:
  OwnedConnection handle_;
};

// BEGIN, and ROLLBACK unless commit() came first. One at a time on a connection, which must outlive it. What is written
// in one transaction goes to the file in full row groups, once, and not to a write-ahead log before.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

class Database {
 public:
  // A database file `spool.duckdb` in `folder`, which spills there too.
  static Result<Database> open(const std::filesystem::path& folder, std::size_t memory_limit_bytes);
  // Without a file; what does not fit the limit goes to `spill`, a folder that is made when it is needed.
  static Result<Database> in_memory(const std::filesystem::path& spill, std::size_t memory_limit_bytes);
  Result<Connection> connect() const;

 private:
  static Result<Database> open_path(const std::string& path, const std::filesystem::path& spill,
                                    std::size_t memory_limit_bytes);

  OwnedDatabase handle_;
};

// Appends rows to a table, a vector of values at a time.
class ChunkAppender {
 public:
  // The columns of `types` in order; they are those of the table.
  static Result<ChunkAppender> create(const Connection& connection, const char* table, std::vector<OwnedType> types);
  ChunkAppender(ChunkAppender&&) noexcept = default;
  ChunkAppender& operator=(ChunkAppender&&) noexcept = default;

  void set_null(std::size_t column);
  void set_text(std::size_t column, std::string_view text);
  void set_integer(std::size_t column, std::int64_t value);
  void set_number(std::size_t column, double value);
  void set_boolean(std::size_t column, bool value);
  Result<void> set_floats(std::size_t column, const float* values, std::size_t count);
  // Ends the row: every column was set.
  Result<void> end_row();
  // All rows are in the table.
  Result<void> flush();

 private:
  ChunkAppender() = default;
  Result<void> push_chunk();
  Result<void> check(duckdb_state state);
  duckdb_vector vector(std::size_t column) const { return vectors_[column]; }

  OwnedAppender appender_;
  std::vector<OwnedType> types_;
  OwnedChunk chunk_;
  std::vector<duckdb_vector> vectors_;
  std::size_t rows_ = 0;
  std::size_t pending_bytes_ = 0;  // given to the appender, not yet to the table
  std::size_t chunk_bytes_ = 0;
};

// 'it''s'
std::string sql_text(std::string_view text);
// "a ""name"""
std::string sql_name(std::string_view name);

}  // namespace zubr::formats
