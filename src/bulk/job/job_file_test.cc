#include "bulk/job/job_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zubr::bulk {
namespace {

using testing::HasSubstr;

constexpr const char* kGood = R"toml(
[input]
files = ["a.csv", "b/*.csv"]
id = "id"
[[steps]]
name = "clean"
kind = "transform"
sql = "lower(x)"
[[steps]]
name = "category"
kind = "classify"
text = "clean"
labels = ["a", "b"]
when = "length(clean) > 2"
escalate = { model = "big", below = 0.3 }
[output]
file = "out.parquet"
)toml";

std::string error_of(const std::string& text) {
  const auto job = parse_job(text, "job.toml", "/work");
  return job ? "it was read" : job.error().message();
}

std::string changed(const std::string& from, const std::string& to) {
  std::string text = kGood;
  text.replace(text.find(from), from.size(), to);
  return error_of(text);
}

TEST(JobFile, IsReadWithItsDefaults) {
  const auto job = parse_job(kGood, "job.toml", "/work");
  ASSERT_TRUE(job) << job.error().message();
  EXPECT_EQ(job->name, "job");
  EXPECT_EQ(job->input.files.size(), 2u);
  EXPECT_EQ(job->output.file, "/work/out.parquet");
  EXPECT_EQ(job->output.dead_letter, "/work/out.failed.jsonl");
  ASSERT_EQ(job->steps.size(), 2u);
  const auto& classify = std::get<ClassifySpec>(job->steps[1].what);
  EXPECT_EQ(classify.options.labels.size(), 2u);
  EXPECT_EQ(classify.escalate->model, "big");
  EXPECT_EQ(job->steps[1].when, "length(clean) > 2");
}

TEST(JobFile, NamesAnUnknownKeyItsLineTheNearestAndAllThatAreAllowed) {
  EXPECT_EQ(
      changed("id = \"id\"", "idd = \"id\""),
      "job.toml:4: [input] has no 'idd'; did you mean 'id'? It may have: files, sql, format, delimiter, id, limit");
  EXPECT_THAT(changed("[output]", "[outptu]"),
              HasSubstr("job.toml:17: the file has no 'outptu'; did you mean 'output'?"));
  EXPECT_THAT(changed("below = 0.3", "bellow = 0.3"), HasSubstr("[steps.1.escalate] has no 'bellow'"));
  EXPECT_THAT(error_of(std::string("color = 1\n") + kGood), HasSubstr("job.toml:1: the file has no 'color'"));
}

TEST(JobFile, RefusesValuesThatCannotBe) {
  EXPECT_THAT(changed("\"transform\"", "\"translate\""), HasSubstr("it must be one of"));
  EXPECT_THAT(changed("below = 0.3", "below = 3"), HasSubstr("it must be from 0 to 1"));
  EXPECT_THAT(changed("sql = \"lower(x)\"", "sql = 3"), HasSubstr("'sql' must be a text in quotes"));
  EXPECT_THAT(changed("\"a\", \"b\"", "\"a\", \"a\""), HasSubstr("comes twice"));
  EXPECT_THAT(changed("name = \"category\"", "name = \"clean\""), HasSubstr("two steps have the name 'clean'"));
  EXPECT_THAT(changed("out.parquet", "out.csv.gz"), HasSubstr("no compressed text"));
  EXPECT_THAT(changed("file = \"out.parquet\"", "file = \"out.parquet\"\nrows_per_file = 5"), HasSubstr("is for text"));
  EXPECT_THAT(changed("out.parquet", "out.xls"), HasSubstr("the format of"));
  EXPECT_THAT(error_of("[[steps]"), HasSubstr("job.toml:1: this is not TOML"));
  EXPECT_THAT(error_of(""), HasSubstr("a job needs an [input]"));
}

}  // namespace
}  // namespace zubr::bulk
