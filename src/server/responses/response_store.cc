#include "server/responses/response_store.h"

#include <array>

namespace zubr::server {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    R"(CREATE TABLE response (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         id TEXT NOT NULL UNIQUE,
         owner TEXT NOT NULL,
         previous_id TEXT NOT NULL,
         body TEXT NOT NULL,
         input TEXT NOT NULL,
         created INTEGER NOT NULL
       ) STRICT;)"};

}  // namespace

Result<std::unique_ptr<ResponseStore>> ResponseStore::open(const std::filesystem::path& file, int most) {
  ZUBR_TRY(database, file.empty() ? storage::Database::in_memory() : storage::Database::open(file));
  ZUBR_CHECK(storage::migrate(database, kSchema));
  return std::unique_ptr<ResponseStore>(new ResponseStore(std::move(database), most));
}

Result<void> ResponseStore::put(const StoredResponse& response) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(insert, database_.prepare("INSERT INTO response (id, owner, previous_id, body, input, created) "
                                     "VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(1, response.id);
  insert.bind(2, response.owner);
  insert.bind(3, response.previous_id);
  insert.bind(4, response.body);
  insert.bind(5, response.input);
  insert.bind(6, response.created);
  ZUBR_CHECK(insert.run());
  ZUBR_TRY(trim, database_.prepare("DELETE FROM response WHERE number <= ?"));
  trim.bind(1, database_.last_insert_id() - most_);
  return trim.run();
}

Result<StoredResponse> ResponseStore::find(std::string_view id, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(query, database_.prepare("SELECT id, owner, previous_id, body, input, created FROM response "
                                    "WHERE id = ? AND owner = ?"));
  query.bind(1, id);
  query.bind(2, owner);
  ZUBR_TRY(there, query.step());
  if (!there) return fail(ErrorCode::kNotFound, "there is no response '{}'", id);
  return StoredResponse{.id = query.text(0),
                        .owner = query.text(1),
                        .previous_id = query.text(2),
                        .body = query.text(3),
                        .input = query.text(4),
                        .created = query.integer(5)};
}

Result<void> ResponseStore::remove(std::string_view id, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(remove, database_.prepare("DELETE FROM response WHERE id = ? AND owner = ?"));
  remove.bind(1, id);
  remove.bind(2, owner);
  ZUBR_CHECK(remove.run());
  if (database_.changes() == 0) return fail(ErrorCode::kNotFound, "there is no response '{}'", id);
  return {};
}

}  // namespace zubr::server
