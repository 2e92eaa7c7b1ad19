#include "bulk/job/answers.h"

#include <xxhash.h>

#include <array>
#include <charconv>
#include <random>
#include <utility>

#include "bulk/job/value_block.h"

namespace zubr::bulk {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE seed (value TEXT NOT NULL);"
    "CREATE TABLE answer (high INTEGER NOT NULL, low INTEGER NOT NULL, answer TEXT NOT NULL,"
    " PRIMARY KEY (high, low)) WITHOUT ROWID;"
    "CREATE TABLE step (name TEXT PRIMARY KEY) WITHOUT ROWID;"};

Result<std::uint64_t> seed_of(storage::Database& database) {
  std::random_device device;
  const std::uint64_t fresh = (static_cast<std::uint64_t>(device()) << 32) | device();
  ZUBR_TRY(insert, database.prepare("INSERT INTO seed SELECT ? WHERE NOT EXISTS (SELECT 1 FROM seed)"));
  insert.bind(1, std::to_string(fresh));
  ZUBR_CHECK(insert.run());
  ZUBR_TRY(query, database.prepare("SELECT value FROM seed"));
  ZUBR_TRY(any, query.step());
  const std::string text = any ? query.text(0) : std::string();
  std::uint64_t seed = 0;
  std::from_chars(text.data(), text.data() + text.size(), seed);
  return seed;
}

}  // namespace

Result<std::unique_ptr<Answers>> Answers::open(const std::filesystem::path& file, const core::Clock& clock) {
  ZUBR_TRY(opened, storage::Database::open(file));
  auto database = std::make_unique<storage::Database>(std::move(opened));
  ZUBR_CHECK(storage::migrate(*database, kSchema));
  ZUBR_TRY(seed, seed_of(*database));
  ZUBR_TRY(find, database->prepare("SELECT answer FROM answer WHERE high = ? AND low = ?"));
  ZUBR_TRY(insert, database->prepare("INSERT OR REPLACE INTO answer (high, low, answer) VALUES (?, ?, ?)"));
  std::unique_ptr<Answers> answers(new Answers(std::move(database), std::move(find), std::move(insert), seed, clock));
  answers->last_flush_ = answers->shard_began_ = clock.now();
  return answers;
}

AnswerKey Answers::key(std::string_view fingerprint, std::string_view question) const {
  // Two hashes of which the second is seeded by the first: nothing is copied, and no pair can be cut otherwise.
  const std::uint64_t step = XXH3_64bits_withSeed(fingerprint.data(), fingerprint.size(), seed_);
  const XXH128_hash_t hash = XXH3_128bits_withSeed(question.data(), question.size(), step);
  return {static_cast<std::int64_t>(hash.high64), static_cast<std::int64_t>(hash.low64)};
}

Result<std::optional<std::vector<formats::Value>>> Answers::find(AnswerKey key) {
  find_.bind(1, key.high);
  find_.bind(2, key.low);
  ZUBR_TRY(there, find_.step());
  if (!there) return std::optional<std::vector<formats::Value>>();
  const std::string block = find_.text(0);
  find_.reset();
  ZUBR_TRY(reader, BlockReader::open(block));
  std::vector<formats::Value> values;
  while (!reader.at_end()) {
    ZUBR_TRY(value, reader.next());
    values.push_back(value ? formats::Value(*value) : formats::Value());
  }
  return std::optional(std::move(values));
}

std::string Answers::short_name(std::string_view fingerprint) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(fingerprint.data(), fingerprint.size(), seed_);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

Result<bool> Answers::knows(std::string_view fingerprint) {
  if (const auto at = steps_.find(fingerprint); at != steps_.end()) return at->second;
  ZUBR_TRY(query, database_->prepare("SELECT 1 FROM step WHERE name = ?"));
  query.bind(1, short_name(fingerprint));
  ZUBR_TRY(any, query.step());
  steps_.emplace(fingerprint, any);
  return any;
}

Result<void> Answers::keep(std::string_view fingerprint, AnswerKey key, const std::vector<formats::Value>& values) {
  if (fast_ && !slowed_down()) return {};
  if (waiting_steps_.find(fingerprint) == waiting_steps_.end()) waiting_steps_.emplace(fingerprint);
  BlockWriter block;
  for (const auto& value : values) block.add(value);
  pending_.push_back({key, block.take()});
  const auto waited = clock_.now() - last_flush_;
  if (waited >= kPatience) return flush();
  constexpr auto kFast = static_cast<std::size_t>(kCheapPerSecond * kPatience.count() / 1000);
  if (pending_.size() < kFast) return {};
  fast_ = true;
  since_look_ = 0;
  last_look_ = clock_.now();
  pending_.clear();
  return {};
}

bool Answers::slowed_down() {
  constexpr int kPerLook = 1024;
  if (++since_look_ < kPerLook) return false;
  since_look_ = 0;
  const auto now = clock_.now();
  const double took = std::chrono::duration<double>(now - std::exchange(last_look_, now)).count();
  if (took * static_cast<double>(kCheapPerSecond) < kPerLook) return false;
  fast_ = false;
  last_flush_ = now;
  return true;
}

void Answers::begin_shard() { last_flush_ = shard_began_ = last_look_ = clock_.now(); }

Result<void> Answers::end_shard() {
  if (clock_.now() - shard_began_ >= kPatience) return flush();
  pending_.clear();
  return {};
}

Result<void> Answers::flush() {
  last_flush_ = clock_.now();
  if (pending_.empty()) return {};
  ZUBR_TRY(transaction, storage::Transaction::begin(*database_));
  ZUBR_TRY(step, database_->prepare("INSERT OR IGNORE INTO step (name) VALUES (?)"));
  for (const std::string& fingerprint : waiting_steps_) {
    step.bind(1, short_name(fingerprint));
    ZUBR_CHECK(step.run());
  }
  for (const Pending& answer : pending_) {
    insert_.bind(1, answer.key.high);
    insert_.bind(2, answer.key.low);
    insert_.bind(3, answer.values);
    ZUBR_CHECK(insert_.run());
  }
  ZUBR_CHECK(transaction.commit());
  for (const std::string& fingerprint : waiting_steps_) steps_.insert_or_assign(fingerprint, true);
  waiting_steps_.clear();
  pending_.clear();
  return {};
}

}  // namespace zubr::bulk
