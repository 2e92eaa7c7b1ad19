// Answers: what steps said, kept across jobs, by a hash of everything an answer depends on: the row's values, the step,
// its prompt, its parameters and its model's digest. It is also what keeps the finished part of a shard when a process
// dies: answers are written at most half a second after they were given.
//
// Answers that are cheaper to give again than to keep are not kept: those of a shard that took less than that half
// second, or of which more than kCheapPerSecond came in one. The file `answers.db` is shared by all jobs of a home
// folder; several processes may use it at once. One thread per object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
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
  static constexpr std::int64_t kCheapPerSecond = 60'000;

  // Makes the file where it is missing. `clock` must outlive the object.
  static Result<std::unique_ptr<Answers>> open(const std::filesystem::path& file, const core::Clock& clock);

  // Of a question under the step's fingerprint.
  AnswerKey key(std::string_view fingerprint, std::string_view question) const;

  // Whether the file has any answer of the step: looking is worth it.
  Result<bool> knows(std::string_view fingerprint);
  Result<std::optional<std::vector<formats::Value>>> find(AnswerKey key);
  // Written when it is time; `values` are the step's columns.
  Result<void> keep(std::string_view fingerprint, AnswerKey key, const std::vector<formats::Value>& values);
  // The shard is done and durable: what was given for it since begin_shard() is written, or dropped where it was quick.
  void begin_shard();
  Result<void> end_shard();
  // Whatever waits is written.
  Result<void> flush();

 private:
  Answers(std::unique_ptr<storage::Database> database, storage::Statement find, storage::Statement insert,
          std::uint64_t seed, const core::Clock& clock)
      : database_(std::move(database)),
        find_(std::move(find)),
        insert_(std::move(insert)),
        seed_(seed),
        clock_(clock) {}

  // The step's name in the file: fingerprints are long.
  std::string short_name(std::string_view fingerprint) const;

  bool slowed_down();

  struct Pending {
    AnswerKey key;
    std::string values;
  };

  std::unique_ptr<storage::Database> database_;
  storage::Statement find_, insert_;
  std::uint64_t seed_;  // of this file, so that nobody can prepare values that collide
  const core::Clock& clock_;
  std::vector<Pending> pending_;
  std::map<std::string, bool, std::less<>> steps_;    // by fingerprint: whether the file has answers of it
  std::set<std::string, std::less<>> waiting_steps_;  // of pending_
  core::Clock::TimePoint last_flush_{}, shard_began_{};
  // While answers come fast they are not even kept in memory; their rate is looked at now and then.
  bool fast_ = false;
  int since_look_ = 0;
  core::Clock::TimePoint last_look_{};
};

}  // namespace zubr::bulk
