// ResponseStore: the answers of /v1/responses that a client may refer to later, in SQLite.
//
// What is kept is what the API gives back: the response as JSON, and its input items. Each belongs to the key it was
// made with ("" where no key is needed); another key does not see it. The oldest go when there are more than kMost.
//
// Threads: any; a mutex is held for a statement. Failure: what storage says; kNotFound for an id that is not there, was
// deleted, or is another's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/result.h"
#include "storage/database.h"

namespace zubr::server {

struct StoredResponse {
  std::string id = {};
  std::string owner = {};
  std::string previous_id = {};  // empty: the first of its conversation
  std::string body = {};         // the response object, JSON
  std::string input = {};        // its input items, a JSON array
  std::int64_t created = 0;
};

class ResponseStore {
 public:
  static constexpr int kMost = 100'000;

  // An empty path: in memory, gone with the server.
  static Result<std::unique_ptr<ResponseStore>> open(const std::filesystem::path& file, int most = kMost);

  Result<void> put(const StoredResponse& response);
  Result<StoredResponse> find(std::string_view id, std::string_view owner);
  Result<void> remove(std::string_view id, std::string_view owner);

 private:
  ResponseStore(storage::Database database, int most) : database_(std::move(database)), most_(most) {}

  std::mutex mutex_;
  storage::Database database_;
  const int most_;
};

}  // namespace zubr::server
