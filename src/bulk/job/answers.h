// Answers: what steps said, kept across jobs, by a hash of everything an answer depends on: the row's values, the step,
// its prompt, its parameters and its model's digest. It is also what keeps the finished part of a shard when a process
// dies: answers are written at most half a second after they were given.
//
// Answers that are cheaper to give again than to keep are not kept: those of a shard that took less than that half
// second. The file `answers.db` is shared by all jobs of a home folder; several processes may use it at once.
// One thread per object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "formats/row_sql.h"
#include "storage/database.h"

namespace zubr::bulk {

struct AnswerKey {
  std::int64_t high = 0, low = 0;
  bool operator==(const AnswerKey&) const = default;
};

class Answers {
 public:
  static constexpr std::chrono::milliseconds kPatience{500};

  // Makes the file where it is missing. `clock` must outlive the object.
  static Result<std::unique_ptr<Answers>> open(const std::filesystem::path& file, const core::Clock& clock);

  // Of the values (none, "" and their order all count) under the step's fingerprint.
  AnswerKey key(std::string_view fingerprint, const std::vector<std::optional<std::string_view>>& values) const;

  Result<std::optional<std::vector<formats::Value>>> find(AnswerKey key);
  // Written when it is time; `values` are a step's columns.
  Result<void> keep(AnswerKey key, const std::vector<formats::Value>& values);
  // The shard is done and durable: what was given for it since begin_shard() is written, or dropped where it was quick.
  void begin_shard();
  Result<void> end_shard();
  // Whatever waits is written.
  Result<void> flush();

  std::int64_t found() const { return found_; }

 private:
  Answers(std::unique_ptr<storage::Database> database, storage::Statement find, storage::Statement insert,
          std::uint64_t seed, bool any, const core::Clock& clock)
      : database_(std::move(database)),
        find_(std::move(find)),
        insert_(std::move(insert)),
        seed_(seed),
        any_(any),
        clock_(clock) {}

  struct Pending {
    AnswerKey key;
    std::string values;
  };

  std::unique_ptr<storage::Database> database_;
  storage::Statement find_, insert_;
  std::uint64_t seed_;  // of this file, so that nobody can prepare values that collide
  bool any_;            // the file has answers: looking is worth it
  const core::Clock& clock_;
  std::vector<Pending> pending_;
  core::Clock::TimePoint last_flush_{}, shard_began_{};
  std::int64_t found_ = 0;
};

}  // namespace zubr::bulk
