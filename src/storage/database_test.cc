#include "storage/database.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <fstream>

#include "core/temp_dir.h"

namespace zubr::storage {
namespace {

constexpr std::array<std::string_view, 2> kSteps{"CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, n INTEGER)",
                                                 "ALTER TABLE thing ADD COLUMN weight REAL"};

Database ready() {
  auto database = Database::in_memory();
  EXPECT_TRUE(database);
  EXPECT_TRUE(migrate(*database, kSteps));
  return std::move(*database);
}

std::int64_t count(Database& database) {
  auto query = database.prepare("SELECT count(*) FROM thing");
  EXPECT_TRUE(query && query->step());
  return query->integer(0);
}

RC_GTEST_PROP(Statement, GivesBackWhatWasBound, (std::string text, std::int64_t number, double real)) {
  Database database = ready();
  auto insert = database.prepare("INSERT INTO thing (name, n, weight) VALUES (?, ?, ?)");
  RC_ASSERT(insert.has_value());
  insert->bind(1, text);
  insert->bind(2, number);
  insert->bind(3, real);
  RC_ASSERT(insert->run().has_value());
  auto query = database.prepare("SELECT name, n, weight FROM thing");
  RC_ASSERT(query.has_value() && query->step().value());
  RC_ASSERT(query->text(0) == text);
  RC_ASSERT(query->integer(1) == number);
  RC_ASSERT(query->number(2) == real);
  RC_ASSERT(!query->step().value());
}

TEST(Statement, KeepsNothingApartFromEmptyText) {
  Database database = ready();
  auto insert = database.prepare("INSERT INTO thing (name, n) VALUES (?, ?)");
  insert->bind(1, std::string_view());
  insert->bind(2, std::optional<std::int64_t>());
  ASSERT_TRUE(insert->run());
  auto query = database.prepare("SELECT name, n FROM thing");
  ASSERT_TRUE(query->step().value());
  EXPECT_FALSE(query->is_null(0));
  EXPECT_EQ(query->text(0), "");
  EXPECT_EQ(query->maybe_integer(1), std::nullopt);
}

TEST(Statement, SaysWhichParameterIsNotThere) {
  Database database = ready();
  auto insert = database.prepare("INSERT INTO thing (name) VALUES (?)");
  insert->bind(2, "x");
  const auto done = insert->run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kInvalidArgument);
}

TEST(Database, RefusesAStatementThatIsNoSql) {
  Database database = ready();
  const auto query = database.prepare("SELEKT 1");
  ASSERT_FALSE(query);
  EXPECT_EQ(query.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(query.error().message().find("SELEKT"), std::string::npos) << query.error().message();
}

TEST(Database, SaysThatAFileIsNone) {
  core::TempDir dir;
  std::ofstream(dir.path() / "x.db") << std::string(5000, 'x');
  const auto database = Database::open(dir.path() / "x.db");
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code(), ErrorCode::kCorrupt);
}

TEST(Database, MakesTheFolderAndKeepsWhatWasCommitted) {
  core::TempDir dir;
  const auto file = dir.path() / "a" / "b" / "x.db";
  {
    auto database = Database::open(file);
    ASSERT_TRUE(database) << database.error().message();
    ASSERT_TRUE(migrate(*database, kSteps));
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(database->execute("INSERT INTO thing (name) VALUES ('kept')"));
    ASSERT_TRUE(transaction->commit());
  }
  auto database = Database::open(file);
  ASSERT_TRUE(database);
  EXPECT_EQ(count(*database), 1);
}

TEST(Transaction, IsTakenBackUnlessCommitted) {
  Database database = ready();
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.execute("INSERT INTO thing (name) VALUES ('gone')"));
  }
  EXPECT_EQ(count(database), 0);
}

TEST(Transaction, OfOneProcessLeavesReadersTheOldState) {
  core::TempDir dir;
  auto writer = Database::open(dir.path() / "x.db");
  ASSERT_TRUE(writer && migrate(*writer, kSteps));
  auto reader = Database::open(dir.path() / "x.db");
  auto transaction = Transaction::begin(*writer);
  ASSERT_TRUE(writer->execute("INSERT INTO thing (name) VALUES ('new')"));
  EXPECT_EQ(count(*reader), 0);
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(count(*reader), 1);
}

TEST(Migrate, TakesOnlyTheStepsThatAreMissing) {
  auto database = Database::in_memory();
  ASSERT_TRUE(migrate(*database, std::span(kSteps).first(1)));
  ASSERT_TRUE(database->execute("INSERT INTO thing (name) VALUES ('old')"));
  ASSERT_TRUE(migrate(*database, kSteps));
  ASSERT_TRUE(migrate(*database, kSteps));
  EXPECT_EQ(count(*database), 1);
}

TEST(Migrate, TakesNoHalfStep) {
  auto database = Database::in_memory();
  constexpr std::array<std::string_view, 1> broken{"CREATE TABLE half (id); CREATE TABLE half (id)"};
  EXPECT_FALSE(migrate(*database, broken));
  EXPECT_TRUE(database->execute("CREATE TABLE half (id)"));
}

TEST(Migrate, RefusesAFileOfANewerProgram) {
  auto database = Database::in_memory();
  ASSERT_TRUE(migrate(*database, kSteps));
  const auto done = migrate(*database, std::span(kSteps).first(1));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace zubr::storage
