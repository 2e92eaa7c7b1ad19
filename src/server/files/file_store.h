// FileStore: the files of /v1/files. Facts in SQLite, bytes beside it, under names of our own making: nothing that a
// client says becomes a path.
//
// Each file belongs to the key it came with; another key does not see it. Threads: any. Failure: what storage says,
// kIo, kDiskFull; kNotFound for an id that is not there or is another's; kTooLarge when the store is full.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "storage/database.h"

namespace zubr::server {

struct StoredFile {
  std::string id = {};  // "file-" and 32 hexadecimal digits
  std::string owner = {};
  std::string name = {};  // as the client calls it; never a path here
  std::string purpose = {};
  std::int64_t bytes = 0;
  std::int64_t created = 0;
};

class FileStore {
 public:
  static constexpr std::int64_t kMostBytes = std::int64_t{16} << 30;  // of all files together

  static Result<std::unique_ptr<FileStore>> open(const std::filesystem::path& folder,
                                                 std::int64_t most_bytes = kMostBytes);

  // `file` without id and bytes. Whole on disk when it returns, or not there.
  Result<StoredFile> add(StoredFile file, std::string_view bytes);
  Result<std::vector<StoredFile>> list(std::string_view owner, std::string_view purpose);  // newest first; "" = any
  Result<StoredFile> find(std::string_view id, std::string_view owner);
  Result<std::string> content(std::string_view id, std::string_view owner);
  Result<void> remove(std::string_view id, std::string_view owner);

 private:
  FileStore(storage::Database database, std::filesystem::path folder, std::int64_t most_bytes)
      : database_(std::move(database)), folder_(std::move(folder)), most_bytes_(most_bytes) {}
  Result<StoredFile> find_locked(std::string_view id, std::string_view owner);

  std::mutex mutex_;
  storage::Database database_;
  const std::filesystem::path folder_;
  const std::int64_t most_bytes_;
};

}  // namespace zubr::server
