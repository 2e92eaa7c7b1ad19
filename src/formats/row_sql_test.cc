#include "formats/row_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::formats {
namespace {

using testing::HasSubstr;

class RowSqlTest : public testing::Test {
 protected:
  void SetUp() override {
    shape_.columns = {{"name", "VARCHAR", true}, {"price", "BIGINT", false}};
    auto sql = RowSql::open(shape_, {{"score", "DOUBLE", false}}, dir_.path() / "spill");
    ASSERT_TRUE(sql) << sql.error().message();
    sql_ = std::move(*sql);
  }
  Result<SqlValues> evaluate(const std::string& expression) {
    const std::vector<std::optional<std::string_view>> raws{"shoe,10", "\"a \"\"b\"\"\",", std::nullopt};
    const std::vector<std::int64_t> numbers{5, 7, 9};
    const std::vector<Value> scores{"0.5", std::nullopt, "2"};
    EXPECT_TRUE(sql_->load(raws, numbers, {scores}));
    return sql_->evaluate(expression, {});
  }
  core::TempDir dir_;
  TableShape shape_;
  std::unique_ptr<RowSql> sql_;
};

TEST_F(RowSqlTest, SeesColumnsWithTheirTypesRowNumbersAndAddedColumns) {
  EXPECT_EQ(evaluate("name")->values, (std::vector<Value>{"shoe", "a \"b\"", std::nullopt}));
  EXPECT_EQ(evaluate("price + 1")->values, (std::vector<Value>{"11", std::nullopt, std::nullopt}));
  EXPECT_EQ(evaluate("row_number")->values, (std::vector<Value>{"5", "7", "9"}));
  EXPECT_EQ(evaluate("score * 2")->values, (std::vector<Value>{"1.0", std::nullopt, "4.0"}));
  EXPECT_EQ(*sql_->type_of("price + 1"), "BIGINT");
  EXPECT_EQ(*sql_->type_of("score > 1 -- a comment"), "BOOLEAN");
}

TEST_F(RowSqlTest, FailsARowAndNotTheBatch) {
  const auto result = evaluate("CAST(name AS INTEGER)");
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(result->failures.size(), 2u);
  EXPECT_EQ(result->failures[1].row, 1u);
  EXPECT_THAT(result->failures[0].why, HasSubstr("shoe"));
  EXPECT_EQ(result->values[2], std::nullopt);
}

TEST_F(RowSqlTest, GivesNestedValuesAsJson) {
  EXPECT_EQ(*sql_->type_of("[price, 2]"), "JSON");
  EXPECT_EQ(evaluate("[price, 2]")->values[0], "[10,2]");
}

TEST_F(RowSqlTest, RefusesWhatWouldSeeTheBatch) {
  for (const char* expression : {"count(*)", "sum(price)", "row_number() OVER ()", "nothing", "1) FROM x; --"}) {
    const auto type = sql_->type_of(expression);
    ASSERT_FALSE(type) << expression;
    EXPECT_EQ(type.error().code(), ErrorCode::kInvalidArgument) << expression;
  }
}

TEST_F(RowSqlTest, WritesAndJoinsParquetToTheSameBytes) {
  ASSERT_TRUE(evaluate("name"));
  for (const char* name : {"a", "b"}) ASSERT_TRUE(sql_->write_parquet(dir_.path() / name, {}));
  const std::vector<std::filesystem::path> parts{dir_.path() / "a", dir_.path() / "b"};
  for (const char* name : {"x.parquet", "y.parquet"})
    ASSERT_TRUE(join_parquet(parts, dir_.path() / name, dir_.path() / "spill", {}));
  auto reader = open_tables({.files = {dir_.path() / "x.parquet"}, .spill = dir_.path() / "spill"}, {});
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ((*reader)->columns()[1].type, "BIGINT");
  EXPECT_EQ((*reader)->columns()[2].type, "DOUBLE");
  std::vector<std::string> rows;
  ReadRow row;
  while (*(*reader)->next(row)) rows.emplace_back(row.raw);
  EXPECT_EQ(rows, (std::vector<std::string>{"shoe,10,0.5", "\"a \"\"b\"\"\",,", ",,2.0", "shoe,10,0.5",
                                            "\"a \"\"b\"\"\",,", ",,2.0"}));
}

}  // namespace
}  // namespace zubr::formats
