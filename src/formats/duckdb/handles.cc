#include "formats/duckdb/handles.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace zubr::formats {
namespace {

constexpr std::size_t kFlushBytes = 16u << 20;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

ErrorCode code_of(duckdb_error_type type, std::string_view text) {
  if (contains(text, "No space left") || contains(text, "max_temp_directory_size") || contains(text, "Disk quota")) {
    return ErrorCode::kDiskFull;
  }
  if (contains(text, "Permission denied") || contains(text, "Read-only file system")) {
    return ErrorCode::kPermissionDenied;
  }
  switch (type) {
    case DUCKDB_ERROR_INTERRUPT: return ErrorCode::kCancelled;
    case DUCKDB_ERROR_OUT_OF_MEMORY: return ErrorCode::kOutOfMemory;
    case DUCKDB_ERROR_IO: return ErrorCode::kIo;
    case DUCKDB_ERROR_INVALID_INPUT:
    case DUCKDB_ERROR_CONVERSION:
    case DUCKDB_ERROR_SERIALIZATION: return ErrorCode::kCorrupt;
    case DUCKDB_ERROR_NOT_IMPLEMENTED: return ErrorCode::kUnsupported;
    default: return ErrorCode::kInternal;
  }
}

// A failed preparation has no type, only a text that begins with its name.
duckdb_error_type type_of_text(std::string_view text) {
  constexpr std::pair<std::string_view, duckdb_error_type> kNames[] = {
      {"Invalid Input Error", DUCKDB_ERROR_INVALID_INPUT},     {"IO Error", DUCKDB_ERROR_IO},
      {"Out of Memory Error", DUCKDB_ERROR_OUT_OF_MEMORY},     {"Serialization Error", DUCKDB_ERROR_SERIALIZATION},
      {"Not implemented Error", DUCKDB_ERROR_NOT_IMPLEMENTED}, {"INTERRUPT Error", DUCKDB_ERROR_INTERRUPT},
  };
  for (const auto& [name, type] : kNames) {
    if (text.substr(0, name.size()) == name) return type;
  }
  return DUCKDB_ERROR_INTERNAL;
}

Error failure_of(std::string_view doing, duckdb_result* result) {
  const char* text = duckdb_result_error(result);
  return duckdb_failure(doing, duckdb_result_error_type(result), text != nullptr ? text : "no reason given");
}

// Interrupts the connection when the caller wants to stop.
class Interrupter {
 public:
  Interrupter(std::stop_token stop, duckdb_connection connection) : callback_(std::move(stop), Call{connection}) {}

 private:
  struct Call {
    duckdb_connection connection;
    void operator()() const { duckdb_interrupt(connection); }
  };
  std::stop_callback<Call> callback_;
};

tl::unexpected<Error> stopped(std::string_view doing) { return fail(ErrorCode::kCancelled, "{}: stopped", doing); }

}  // namespace

Error duckdb_failure(std::string_view doing, duckdb_error_type type, std::string_view text) {
  text = text.substr(0, text.find("\n\n"));  // what follows shows our SQL, or advice on settings that are ours
  const ErrorCode code = code_of(type, text);
  if (code == ErrorCode::kCancelled) return Error(code, message("{}: stopped", doing));
  if (code == ErrorCode::kDiskFull) {
    return Error(code,
                 message("{}: no space left on the disk; free some, or work in another folder ({})", doing, text));
  }
  return Error(code, fmt::format("{}: {}", doing, text));
}

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out.push_back('\'');
    out.push_back(c);
  }
  return out + "'";
}

std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}

Result<bool> Cursor::next_chunk() {
  chunk_ = OwnedChunk(duckdb_fetch_chunk(*result_.out()));
  index_ = 0;
  size_ = 0;
  if (!chunk_) {
    if (const char* text = duckdb_result_error(result_.out()); text != nullptr && *text != '\0') {
      return fail(failure_of("cannot read the working file", result_.out()));
    }
    return false;
  }
  size_ = duckdb_data_chunk_get_size(chunk_.get());
  if (size_ == 0) return false;
  const std::size_t columns = duckdb_data_chunk_get_column_count(chunk_.get());
  data_.resize(columns);
  validity_.resize(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_.get(), i);
    data_[i] = duckdb_vector_get_data(vector);
    validity_[i] = duckdb_vector_get_validity(vector);
  }
  return true;
}

Result<bool> Cursor::next_row() {
  if (index_ + 1 < size_) {
    ++index_;
    return true;
  }
  return next_chunk();
}

bool Cursor::is_null(std::size_t column) const {
  return validity_[column] != nullptr && !duckdb_validity_row_is_valid(validity_[column], index_);
}

std::string_view Cursor::text(std::size_t column) const {
  auto* strings = static_cast<duckdb_string_t*>(data_[column]);
  return {duckdb_string_t_data(&strings[index_]), duckdb_string_t_length(strings[index_])};
}

std::int64_t Cursor::integer(std::size_t column) const {
  return static_cast<const std::int64_t*>(data_[column])[index_];
}

double Cursor::number(std::size_t column) const { return static_cast<const double*>(data_[column])[index_]; }

duckdb_uhugeint Cursor::hash(std::size_t column) const {
  return static_cast<const duckdb_uhugeint*>(data_[column])[index_];
}

std::pair<const float*, std::size_t> Cursor::floats(std::size_t column) const {
  const auto entry = static_cast<const duckdb_list_entry*>(data_[column])[index_];
  duckdb_vector child = duckdb_list_vector_get_child(duckdb_data_chunk_get_vector(chunk_.get(), column));
  return {static_cast<const float*>(duckdb_vector_get_data(child)) + entry.offset, entry.length};
}

Result<void> Connection::run(const std::string& sql, std::string_view doing, std::stop_token stop) {
  if (stop.stop_requested()) return stopped(doing);
  const Interrupter interrupter(std::move(stop), get());
  OwnedResult result;
  if (duckdb_query(get(), sql.c_str(), result.out()) != DuckDBSuccess) return fail(failure_of(doing, result.out()));
  return {};
}

Result<std::int64_t> Connection::integer(const std::string& sql, std::string_view doing, std::stop_token stop) {
  if (stop.stop_requested()) return stopped(doing);
  const Interrupter interrupter(std::move(stop), get());
  OwnedResult result;
  if (duckdb_query(get(), sql.c_str(), result.out()) != DuckDBSuccess) return fail(failure_of(doing, result.out()));
  return duckdb_value_int64(result.out(), 0, 0);
}

Result<Cursor> Connection::stream(const std::string& sql, std::string_view doing, std::stop_token stop) {
  if (stop.stop_requested()) return stopped(doing);
  const Interrupter interrupter(std::move(stop), get());
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(get(), sql.c_str(), &statement) != DuckDBSuccess) {
    const char* text = duckdb_prepare_error(statement);
    Error error = duckdb_failure(doing, type_of_text(text != nullptr ? text : ""), text != nullptr ? text : "");
    duckdb_destroy_prepare(&statement);
    return fail(std::move(error));
  }
  OwnedResult result;
  const duckdb_state state = duckdb_execute_prepared_streaming(statement, result.out());
  duckdb_destroy_prepare(&statement);
  if (state != DuckDBSuccess) return fail(failure_of(doing, result.out()));
  return Cursor(std::move(result));
}

Result<Transaction> Transaction::begin(Connection& connection) {
  ZUBR_CHECK(connection.run("BEGIN TRANSACTION", "cannot begin to work on the working file"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr) (void)connection_->run("ROLLBACK", "cannot undo");
}

Result<void> Transaction::commit() {
  return std::exchange(connection_, nullptr)->run("COMMIT", "cannot keep the working file");
}

Result<Database> Database::open(const std::filesystem::path& folder, std::size_t memory_limit_bytes) {
  return open_path((folder / "spool.duckdb").string(), folder / "spill", memory_limit_bytes);
}

Result<Database> Database::in_memory(const std::filesystem::path& spill, std::size_t memory_limit_bytes) {
  return open_path(":memory:", spill, memory_limit_bytes);
}

Result<Database> Database::open_path(const std::string& path, const std::filesystem::path& spill,
                                     std::size_t memory_limit_bytes) {
  OwnedConfig config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess) {
    return fail(ErrorCode::kOutOfMemory, "no memory for the working file");
  }
  const std::pair<const char*, std::string> settings[] = {
      {"threads", "2"},
      {"memory_limit", fmt::format("{}KiB", memory_limit_bytes / 1024)},
      {"temp_directory", spill.string()},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"enable_external_access", "true"},
  };
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config.get(), name, value.c_str()) != DuckDBSuccess) {
      return fail(ErrorCode::kInternal, "DuckDB does not take {} = {}", name, value);
    }
  }
  Database database;
  char* reason = nullptr;
  if (duckdb_open_ext(path.c_str(), database.handle_.out(), config.get(), &reason) != DuckDBSuccess) {
    const std::string text = reason != nullptr ? reason : "no reason given";
    duckdb_free(reason);
    return fail(duckdb_failure(fmt::format("cannot make the working file {}", path), DUCKDB_ERROR_IO, text));
  }
  return database;
}

Result<Connection> Database::connect() const {
  OwnedConnection connection;
  if (duckdb_connect(handle_.get(), connection.out()) != DuckDBSuccess) {
    return fail(ErrorCode::kInternal, "cannot connect to the working file");
  }
  return Connection(std::move(connection));
}

Result<ChunkAppender> ChunkAppender::create(const Connection& connection, const char* table,
                                            std::vector<OwnedType> types) {
  ChunkAppender appender;
  if (duckdb_appender_create(connection.get(), nullptr, table, appender.appender_.out()) != DuckDBSuccess) {
    const char* text = duckdb_appender_error(appender.appender_.get());
    return fail(ErrorCode::kInternal, "cannot append to {}: {}", table, text != nullptr ? text : "no reason given");
  }
  appender.types_ = std::move(types);
  std::vector<duckdb_logical_type> raw;
  for (const OwnedType& type : appender.types_) raw.push_back(type.get());
  appender.chunk_ = OwnedChunk(duckdb_create_data_chunk(raw.data(), raw.size()));
  for (std::size_t i = 0; i < raw.size(); ++i) {
    appender.vectors_.push_back(duckdb_data_chunk_get_vector(appender.chunk_.get(), i));
  }
  return appender;
}

void ChunkAppender::set_null(std::size_t column) {
  duckdb_vector_ensure_validity_writable(vector(column));
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector(column)), rows_);
  if (duckdb_get_type_id(types_[column].get()) == DUCKDB_TYPE_LIST) {
    static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector(column)))[rows_] = {
        duckdb_list_vector_get_size(vector(column)), 0};
  }
}

void ChunkAppender::set_text(std::size_t column, std::string_view text) {
  duckdb_vector_assign_string_element_len(vector(column), rows_, text.data(), text.size());
  chunk_bytes_ += text.size();
}

void ChunkAppender::set_integer(std::size_t column, std::int64_t value) {
  static_cast<std::int64_t*>(duckdb_vector_get_data(vector(column)))[rows_] = value;
}

void ChunkAppender::set_number(std::size_t column, double value) {
  static_cast<double*>(duckdb_vector_get_data(vector(column)))[rows_] = value;
}

void ChunkAppender::set_boolean(std::size_t column, bool value) {
  static_cast<bool*>(duckdb_vector_get_data(vector(column)))[rows_] = value;
}

Result<void> ChunkAppender::set_floats(std::size_t column, const float* values, std::size_t count) {
  const idx_t offset = duckdb_list_vector_get_size(vector(column));
  if (duckdb_list_vector_reserve(vector(column), offset + count) != DuckDBSuccess ||
      duckdb_list_vector_set_size(vector(column), offset + count) != DuckDBSuccess) {
    return fail(ErrorCode::kOutOfMemory, "no memory for a vector of {} numbers", count);
  }
  auto* child = static_cast<float*>(duckdb_vector_get_data(duckdb_list_vector_get_child(vector(column))));
  if (count > 0) std::memcpy(child + offset, values, count * sizeof(float));
  static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector(column)))[rows_] = {offset, count};
  chunk_bytes_ += count * sizeof(float);
  return {};
}

Result<void> ChunkAppender::end_row() {
  ++rows_;
  chunk_bytes_ += 16 * vectors_.size();
  if (rows_ == duckdb_vector_size() || chunk_bytes_ >= kFlushBytes) return push_chunk();
  return {};
}

Result<void> ChunkAppender::push_chunk() {
  if (rows_ == 0) return {};
  duckdb_data_chunk_set_size(chunk_.get(), rows_);
  ZUBR_CHECK(check(duckdb_append_data_chunk(appender_.get(), chunk_.get())));
  duckdb_data_chunk_reset(chunk_.get());
  for (std::size_t i = 0; i < vectors_.size(); ++i) vectors_[i] = duckdb_data_chunk_get_vector(chunk_.get(), i);
  rows_ = 0;
  pending_bytes_ += std::exchange(chunk_bytes_, 0);
  if (pending_bytes_ < kFlushBytes) return {};
  pending_bytes_ = 0;
  return check(duckdb_appender_flush(appender_.get()));
}

Result<void> ChunkAppender::flush() {
  ZUBR_CHECK(push_chunk());
  pending_bytes_ = 0;
  return check(duckdb_appender_flush(appender_.get()));
}

Result<void> ChunkAppender::check(duckdb_state state) {
  if (state == DuckDBSuccess) return {};
  duckdb_error_data data = duckdb_appender_error_data(appender_.get());
  const char* text = duckdb_error_data_message(data);
  Error error = duckdb_failure("cannot write the working file", duckdb_error_data_error_type(data),
                               text != nullptr ? text : "no reason given");
  duckdb_destroy_error_data(&data);
  return fail(std::move(error));
}

}  // namespace zubr::formats
