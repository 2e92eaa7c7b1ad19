#include "bulk/labels.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/temp_dir.h"

namespace zubr::bulk {
namespace {

class LabelsTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) {
    const auto path = dir_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }
  static std::vector<std::string> names(const Result<std::vector<Label>>& labels) {
    std::vector<std::string> all;
    for (const auto& label : labels.value()) all.push_back(label.name);
    return all;
  }
  core::TempDir dir_;
};

using Names = std::vector<std::string>;

TEST_F(LabelsTest, ComeFromTheCommandLine) { EXPECT_EQ(names(read_labels("a, b ,c d")), (Names{"a", "b", "c d"})); }

TEST_F(LabelsTest, ComeOnePerLineAndBlankLinesDoNotCount) {
  EXPECT_EQ(names(read_labels(write("l.txt", "\xEF\xBB\xBFŻywność\r\n\n  Książki, gry \n"))),
            (Names{"Żywność", "Książki, gry"}));
}

TEST_F(LabelsTest, ComeWithDescriptionsFromCsv) {
  const auto labels = read_labels(write("l.csv", "label,description\nShoes,\"for feet, all kinds\"\nBooks,\n"));
  ASSERT_TRUE(labels) << labels.error().message();
  EXPECT_EQ(names(labels), (Names{"Shoes", "Books"}));
  EXPECT_EQ((*labels)[0].description, "for feet, all kinds");
  EXPECT_EQ((*labels)[1].description, "");
}

TEST_F(LabelsTest, ComeFromJsonInThreeShapes) {
  EXPECT_EQ(names(read_labels(write("a.json", R"(["a","b"])"))), (Names{"a", "b"}));
  const auto objects = read_labels(write("b.json", R"([{"label":"a","description":"first"},{"label":"b"}])"));
  EXPECT_EQ(names(objects), (Names{"a", "b"}));
  EXPECT_EQ((*objects)[0].description, "first");
  EXPECT_EQ(names(read_labels(write("c.json", R"({"b":"x","a":"y"})"))), (Names{"b", "a"}));
}

void expect_refused(const Result<std::vector<Label>>& labels, ErrorCode code, const std::string& part) {
  ASSERT_FALSE(labels);
  EXPECT_EQ(labels.error().code(), code) << labels.error().message();
  EXPECT_NE(labels.error().message().find(part), std::string::npos) << labels.error().message();
}

TEST_F(LabelsTest, MustBeDistinctAfterTrimming) {
  expect_refused(read_labels(write("l.txt", "a\nb\n a \n")), ErrorCode::kInvalidArgument,
                 "'a' is on line 1 and on line 3");
  expect_refused(read_labels("a,a"), ErrorCode::kInvalidArgument, "'a'");
}

TEST_F(LabelsTest, MustNotBeEmpty) {
  expect_refused(read_labels(write("l.txt", " \n\n")), ErrorCode::kInvalidArgument, "no labels");
  expect_refused(read_labels("a,,b"), ErrorCode::kInvalidArgument, "label 2 is empty");
  expect_refused(read_labels(write("l.csv", "label\na\n\"\"\nb\n")), ErrorCode::kInvalidArgument, "line 3");
  expect_refused(read_labels(""), ErrorCode::kInvalidArgument, "no labels");
}

TEST_F(LabelsTest, NameTheFileThatIsNotThere) {
  expect_refused(read_labels("no/such/labels.txt"), ErrorCode::kNotFound, "no/such/labels.txt");
  expect_refused(read_labels("labels.csv"), ErrorCode::kNotFound, "labels.csv");
  expect_refused(read_labels(dir_.path().string()), ErrorCode::kInvalidArgument, "folder");
}

TEST_F(LabelsTest, RefuseWhatIsNotText) {
  expect_refused(read_labels(write("l.txt", "a\n\xff\n")), ErrorCode::kCorrupt, "line 2");
  expect_refused(read_labels(write("l.json", "[1]")), ErrorCode::kInvalidArgument, "label 1");
  expect_refused(read_labels(write("l.json", "[\"a\"")), ErrorCode::kCorrupt, "JSON");
  expect_refused(read_labels(write("l.csv", "name\na\n")), ErrorCode::kInvalidArgument, "label");
}

TEST_F(LabelsTest, HaveALimit) {
  std::string many;
  for (int i = 0; i < 10000; ++i) many += fmt::format("label {}\n", i);
  EXPECT_EQ(names(read_labels(write("l.txt", many))).size(), 10000);
  expect_refused(read_labels(write("l.txt", many + "one more\n")), ErrorCode::kTooLarge, "10,000");
}

}  // namespace
}  // namespace zubr::bulk
