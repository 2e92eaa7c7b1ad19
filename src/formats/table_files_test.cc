#include "formats/table_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/temp_dir.h"

namespace zubr::formats {
namespace {

using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.path() / name, std::ios::binary) << text;
    return dir_.path() / name;
  }
  std::string read(TableFiles tables) const {
    tables.spill = dir_.path() / "spill";
    auto reader = open_tables(tables, {});
    if (!reader) return reader.error().message();
    std::string text;
    ReadRow row;
    for (;;) {
      const auto any = (*reader)->next(row);
      if (!any) return any.error().message();
      if (!*any) break;
      text += std::string(row.raw) + (row.error.empty() ? "" : "!" + row.error) + "\n";
    }
    for (const Column& column : shape_of(**reader).columns) text += column.name + ":" + column.type + " ";
    return text;
  }
  core::TempDir dir_;
};

TEST_F(Files, CsvFilesFollowEachOther) {
  const auto a = write("a.csv", "x;y\n1;2\n"), b = write("b.csv", "x;y\n3;4");
  EXPECT_EQ(read({.files = {a, b}}), "1;2\n3;4\nx:VARCHAR y:VARCHAR ");
}

TEST_F(Files, CsvFilesHaveTheSameColumns) {
  const auto a = write("a.csv", "x,y\n1,2\n"), b = write("b.csv", "x,z\n3,4\n");
  EXPECT_THAT(read({.files = {a, b}}), HasSubstr("b.csv is 'z', and 'y' in"));
}

TEST_F(Files, ARowsErrorNamesItsFileWhereThereAreSeveral) {
  const auto a = write("a.csv", "x,y\n1,2\n"), b = write("b.csv", "x,y\n3\n");
  EXPECT_THAT(read({.files = {a, b}}), HasSubstr("b.csv: line 2: "));
}

TEST_F(Files, JsonlFilesHaveTheKeysOfAll) {
  const auto a = write("a.jsonl", "{\"x\":1}"), b = write("b.jsonl", "{\"y\":\"z\"}\n");
  EXPECT_EQ(read({.files = {a, b}}), "{\"x\":1}\n{\"y\":\"z\"}\nx:JSON y:VARCHAR ");
}

TEST_F(Files, SqlSeesAllOfThemAsInput) {
  const auto a = write("a.csv", "x,y\n1,p\n"), b = write("b.csv", "x,y\n2,q\n");
  EXPECT_EQ(read({.files = {a, b}, .sql = "SELECT y, x * 2 AS d FROM input ORDER BY x DESC"}),
            "q,4\np,2\ny:VARCHAR d:BIGINT ");
  EXPECT_THAT(read({.files = {a}, .sql = "SELECT nothing FROM input"}), HasSubstr("nothing"));
}

TEST_F(Files, PatternsAreSortedAndMustFitSomething) {
  write("b.csv", ""), write("a.csv", "");
  const auto found = expand_files({"*.csv"}, dir_.path());
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (std::vector<std::filesystem::path>{dir_.path() / "a.csv", dir_.path() / "b.csv"}));
  EXPECT_EQ(expand_files({"*.tsv"}, dir_.path()).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(expand_files({"c.csv"}, dir_.path()).error().code(), ErrorCode::kNotFound);
}

TEST_F(Files, FormatsMayNotDiffer) {
  const auto a = write("a.csv", "x\n1\n"), b = write("b.jsonl", "{}\n");
  EXPECT_THAT(read({.files = {a, b}}), HasSubstr("different formats"));
}

}  // namespace
}  // namespace zubr::formats
