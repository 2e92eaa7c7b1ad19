#include "server/files/file_store.h"

#include <array>
#include <chrono>
#include <system_error>

#include "core/text_file.h"
#include "server/random_name.h"

namespace zubr::server {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    R"(CREATE TABLE file (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         id TEXT NOT NULL UNIQUE,
         owner TEXT NOT NULL,
         name TEXT NOT NULL,
         purpose TEXT NOT NULL,
         bytes INTEGER NOT NULL,
         created INTEGER NOT NULL
       ) STRICT;)"};

constexpr std::string_view kColumns = "SELECT id, owner, name, purpose, bytes, created FROM file ";

StoredFile row(const storage::Statement& query) {
  return {.id = query.text(0),
          .owner = query.text(1),
          .name = query.text(2),
          .purpose = query.text(3),
          .bytes = query.integer(4),
          .created = query.integer(5)};
}

tl::unexpected<Error> not_here(std::string_view id) {
  return fail(ErrorCode::kNotFound, "there is no file '{}'; GET /v1/files lists them", id);
}

}  // namespace

Result<std::unique_ptr<FileStore>> FileStore::open(const std::filesystem::path& folder, std::int64_t most_bytes) {
  ZUBR_TRY(database, storage::Database::open(folder / "files.db"));
  std::error_code error;
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error)
    return fail(ErrorCode::kPermissionDenied, "cannot keep {} to its owner: {}", folder.string(), error.message());
  ZUBR_CHECK(storage::migrate(database, kSchema));
  return std::unique_ptr<FileStore>(new FileStore(std::move(database), folder, most_bytes));
}

Result<StoredFile> FileStore::add(StoredFile file, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(sum, database_.prepare("SELECT coalesce(sum(bytes), 0) FROM file"));
  ZUBR_TRY(there, sum.step());
  const std::int64_t kept = there ? sum.integer(0) : 0;
  sum.reset();
  file.bytes = std::ssize(bytes);
  if (kept + file.bytes > most_bytes_)
    return fail(ErrorCode::kTooLarge,
                "{} bytes of files are kept and {} more would be over the limit of {}; delete some", kept, file.bytes,
                most_bytes_);
  file.id = random_name("file-");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  file.created = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  ZUBR_CHECK(core::write_text_file(folder_ / file.id, bytes));
  ZUBR_TRY(insert, database_.prepare("INSERT INTO file (id, owner, name, purpose, bytes, created) "
                                     "VALUES (?, ?, ?, ?, ?, ?)"));
  insert.bind(1, file.id);
  insert.bind(2, file.owner);
  insert.bind(3, file.name);
  insert.bind(4, file.purpose);
  insert.bind(5, file.bytes);
  insert.bind(6, file.created);
  if (auto done = insert.run(); !done) {
    std::error_code ignored;
    std::filesystem::remove(folder_ / file.id, ignored);
    return fail(std::move(done).error());
  }
  return file;
}

Result<std::vector<StoredFile>> FileStore::list(std::string_view owner, std::string_view purpose) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(query, database_.prepare(std::string(kColumns) +
                                    "WHERE owner = ? AND (? = '' OR purpose = ?) ORDER BY number DESC"));
  query.bind(1, owner);
  query.bind(2, purpose);
  query.bind(3, purpose);
  std::vector<StoredFile> files;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return files;
    files.push_back(row(query));
  }
}

Result<StoredFile> FileStore::find_locked(std::string_view id, std::string_view owner) {
  ZUBR_TRY(query, database_.prepare(std::string(kColumns) + "WHERE id = ? AND owner = ?"));
  query.bind(1, id);
  query.bind(2, owner);
  ZUBR_TRY(there, query.step());
  if (!there) return not_here(id);
  return row(query);
}

Result<StoredFile> FileStore::find(std::string_view id, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  return find_locked(id, owner);
}

Result<std::string> FileStore::content(std::string_view id, std::string_view owner) {
  ZUBR_TRY(file, find(id, owner));  // the id of the row: what the client sent never becomes a path
  return core::read_text_file(folder_ / file.id, static_cast<std::size_t>(file.bytes));
}

Result<void> FileStore::remove(std::string_view id, std::string_view owner) {
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(file, find_locked(id, owner));
  ZUBR_TRY(remove, database_.prepare("DELETE FROM file WHERE id = ?"));
  remove.bind(1, file.id);
  ZUBR_CHECK(remove.run());
  std::error_code ignored;  // bytes without a row are nobody's; a row without bytes would be a lie
  std::filesystem::remove(folder_ / file.id, ignored);
  return {};
}

}  // namespace zubr::server
