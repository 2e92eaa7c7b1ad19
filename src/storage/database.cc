#include "storage/database.h"

#include <sqlite3.h>

namespace zubr::storage {
namespace {

constexpr int kBusyMilliseconds = 5000;

ErrorCode code_of(int sqlite) {
  switch (sqlite & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::kCorrupt;
    case SQLITE_FULL: return ErrorCode::kDiskFull;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return ErrorCode::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kUnavailable;
    case SQLITE_NOMEM: return ErrorCode::kOutOfMemory;
    case SQLITE_TOOBIG: return ErrorCode::kTooLarge;
    case SQLITE_CONSTRAINT: return ErrorCode::kAlreadyExists;
    case SQLITE_INTERRUPT: return ErrorCode::kCancelled;
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE: return ErrorCode::kInvalidArgument;
    default: return ErrorCode::kIo;
  }
}

tl::unexpected<Error> failed(sqlite3* connection, int code) {
  const char* file = sqlite3_db_filename(connection, nullptr);
  const std::string where = file != nullptr && *file != '\0' ? file : "memory";
  return fail(code_of(code), "the database {} says: {}", where, sqlite3_errmsg(connection));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

void Statement::remember(int code) {
  if (code != SQLITE_OK && failed_ == SQLITE_OK) failed_ = code;
}

void Statement::bind(int at, std::int64_t value) { remember(sqlite3_bind_int64(statement_.get(), at, value)); }
void Statement::bind(int at, double value) { remember(sqlite3_bind_double(statement_.get(), at, value)); }
void Statement::bind_null(int at) { remember(sqlite3_bind_null(statement_.get(), at)); }
void Statement::bind(int at, std::string_view text) {
  // SQLite takes a null pointer for NULL; an empty view may be one.
  const char* bytes = text.data() != nullptr ? text.data() : "";
  remember(sqlite3_bind_text64(statement_.get(), at, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Result<bool> Statement::step() {
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  if (failed_ != SQLITE_OK) {
    const int code = std::exchange(failed_, SQLITE_OK);
    return failed(connection, code);
  }
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_.get());
    return false;
  }
  auto error = failed(connection, code);
  sqlite3_reset(statement_.get());
  return error;
}

Result<void> Statement::run() {
  ZUBR_TRY(row, step());
  if (row) reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
double Statement::number(int column) const { return sqlite3_column_double(statement_.get(), column); }
std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}
std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<double> Statement::maybe_number(int column) const {
  return is_null(column) ? std::nullopt : std::optional(number(column));
}

void Database::Close::operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }

Result<Database> Database::open_name(const std::string& name) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return fail(code_of(code), "cannot open the database {}: {}", name, sqlite3_errstr(code));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  ZUBR_CHECK(database.execute("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"));
  return database;
}

Result<Database> Database::open(const std::filesystem::path& file) {
  std::error_code error;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), error);
  if (error) return fail(ErrorCode::kIo, "cannot make the folder {}: {}", file.parent_path().string(), error.message());
  ZUBR_TRY(database, open_name(file.string()));
  // NORMAL with a log: a crash of the machine may lose the last transaction, never the file.
  ZUBR_CHECK(database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"));
  return database;
}

Result<Database> Database::in_memory() { return open_name(":memory:"); }

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(connection_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  if (code != SQLITE_OK) return failed(connection_.get(), code);
  return Statement(raw);
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed(connection_.get(), code);
  return {};
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(connection_.get()); }
std::int64_t Database::changes() const { return sqlite3_changes64(connection_.get()); }

Result<Transaction> Transaction::begin(Database& database) {
  ZUBR_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Result<void> Transaction::commit() {
  ZUBR_CHECK(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Result<void> migrate(Database& database, std::span<const std::string_view> steps) {
  const auto version = [&database]() -> Result<std::int64_t> {
    ZUBR_TRY(query, database.prepare("PRAGMA user_version"));
    ZUBR_TRY(row, query.step());
    return row ? query.integer(0) : 0;
  };
  ZUBR_TRY(found, version());
  if (found > static_cast<std::int64_t>(steps.size()))
    return fail(ErrorCode::kUnsupported,
                "the database has version {}, this program knows up to {}; use a newer zubr, or remove the file", found,
                steps.size());
  while (found < static_cast<std::int64_t>(steps.size())) {
    ZUBR_TRY(transaction, Transaction::begin(database));
    // Another process may have taken the step while we waited.
    ZUBR_TRY(now, version());
    if (now == found) {
      ZUBR_CHECK(database.execute(std::string(steps[static_cast<std::size_t>(now)])));
      ZUBR_CHECK(database.execute(fmt::format("PRAGMA user_version = {}", now + 1)));
      ++now;
    }
    ZUBR_CHECK(transaction.commit());
    found = now;
  }
  return {};
}

}  // namespace zubr::storage
