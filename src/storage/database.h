// SQLite as values: a database, its prepared statements, transactions, migrations.
//
//   ZUBR_TRY(db, Database::open(home / "catalog.db"));
//   ZUBR_CHECK(migrate(db, kMigrations));
//   ZUBR_TRY(query, db.prepare("SELECT name FROM model WHERE id = ?"));
//   query.bind(1, id);
//   for (;;) { ZUBR_TRY(more, query.step()); if (!more) break; use(query.text(0)); }
//
// Files are opened with a write-ahead log, so that readers go on while one process writes; a writer that finds another
// waits up to five seconds. Errors: kCorrupt (no SQLite file, damaged), kDiskFull, kPermissionDenied, kUnavailable
// (kept locked by another process), kInvalidArgument (a statement that SQLite does not accept), kIo.
//
// Threads: one at a time per Database and its statements. A Statement must go before its Database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace zubr::storage {

class Statement {
 public:
  // Parameters are numbered from 1. A failure is kept and returned by the next step().
  void bind(int at, std::int64_t value);
  void bind(int at, std::string_view text);
  void bind(int at, const char* text) { bind(at, std::string_view(text)); }
  void bind(int at, int value) { bind(at, std::int64_t{value}); }
  void bind(int at, double value);
  void bind_null(int at);
  template <typename T>
  void bind(int at, const std::optional<T>& value) {
    value ? bind(at, *value) : bind_null(at);
  }

  // True: a row is there. False: done; the statement is ready to be bound and stepped again.
  Result<bool> step();
  // step() of a statement that gives no rows.
  Result<void> run();
  // Ends a query before its last row.
  void reset();

  // Columns are numbered from 0; of the row that step() found.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  std::string text(int column) const;
  std::optional<std::int64_t> maybe_integer(int column) const;
  std::optional<double> maybe_number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void remember(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int failed_ = 0;
};

class Database {
 public:
  // Makes the file and its folder where missing.
  static Result<Database> open(const std::filesystem::path& file);
  static Result<Database> in_memory();

  Result<Statement> prepare(std::string_view sql);
  // One or more statements without parameters, separated by ";".
  Result<void> execute(const std::string& sql);

  std::int64_t last_insert_id() const;
  std::int64_t changes() const;  // rows that the last statement changed

 private:
  struct Close {
    void operator()(sqlite3* connection) const noexcept;
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  static Result<Database> open_name(const std::string& name);

  std::unique_ptr<sqlite3, Close> connection_;
};

// Everything until commit() happens or nothing does; without commit() the destructor takes it back.
class Transaction {
 public:
  // Waits for other writers.
  static Result<Transaction> begin(Database& database);
  Result<void> commit();
  ~Transaction();
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

// Brings the schema up to date: steps[n] leads from version n to n + 1 (PRAGMA user_version). Each step is one
// transaction. kUnsupported when the file was written by a newer program.
Result<void> migrate(Database& database, std::span<const std::string_view> steps);

}  // namespace zubr::storage
