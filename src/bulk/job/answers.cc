#include "bulk/job/answers.h"

#include <xxhash.h>

#include <array>
#include <charconv>
#include <random>

#include "bulk/job/value_block.h"

namespace zubr::bulk {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE seed (value TEXT NOT NULL);"
    "CREATE TABLE answer (high INTEGER NOT NULL, low INTEGER NOT NULL, answer TEXT NOT NULL,"
    " PRIMARY KEY (high, low)) WITHOUT ROWID;"};

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
  ZUBR_TRY(some, database->prepare("SELECT 1 FROM answer LIMIT 1"));
  ZUBR_TRY(any, some.step());
  std::unique_ptr<Answers> answers(
      new Answers(std::move(database), std::move(find), std::move(insert), seed, any, clock));
  answers->last_flush_ = answers->shard_began_ = clock.now();
  return answers;
}

AnswerKey Answers::key(std::string_view fingerprint, const std::vector<std::optional<std::string_view>>& values) const {
  BlockWriter block;
  block.add(fingerprint);
  for (const auto& value : values) block.add(value);
  const std::string bytes = block.take();
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed_);
  return {static_cast<std::int64_t>(hash.high64), static_cast<std::int64_t>(hash.low64)};
}

Result<std::optional<std::vector<formats::Value>>> Answers::find(AnswerKey key) {
  if (!any_) return std::optional<std::vector<formats::Value>>();
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
  ++found_;
  return std::optional(std::move(values));
}

Result<void> Answers::keep(AnswerKey key, const std::vector<formats::Value>& values) {
  BlockWriter block;
  for (const auto& value : values) block.add(value);
  pending_.push_back({key, block.take()});
  if (clock_.now() - last_flush_ < kPatience) return {};
  return flush();
}

void Answers::begin_shard() { last_flush_ = shard_began_ = clock_.now(); }

Result<void> Answers::end_shard() {
  if (clock_.now() - shard_began_ >= kPatience) return flush();
  pending_.clear();
  return {};
}

Result<void> Answers::flush() {
  last_flush_ = clock_.now();
  if (pending_.empty()) return {};
  ZUBR_TRY(transaction, storage::Transaction::begin(*database_));
  for (const Pending& answer : pending_) {
    insert_.bind(1, answer.key.high);
    insert_.bind(2, answer.key.low);
    insert_.bind(3, answer.values);
    ZUBR_CHECK(insert_.run());
  }
  ZUBR_CHECK(transaction.commit());
  pending_.clear();
  any_ = true;
  return {};
}

}  // namespace zubr::bulk
