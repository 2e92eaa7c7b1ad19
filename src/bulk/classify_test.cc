#include "bulk/classify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "bulk/embed.h"
#include "core/temp_dir.h"
#include "inference/fake_backend.h"

namespace zubr::bulk {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using inference::FakeBackend;

const ProgressFn kQuiet = [](const Progress&) {};

class ClassifyTest : public ::testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& content) {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  fs::path path(const std::string& name) const { return dir_.path() / name; }

  ClassifyOptions options(const fs::path& input, std::vector<std::string> labels) const {
    ClassifyOptions options;
    options.input.path = input;
    options.output.path = path("out.jsonl");
    for (auto& label : labels) options.labels.push_back({std::move(label), ""});
    return options;
  }

  static std::vector<json::object> read_jsonl(const fs::path& file) {
    std::ifstream in(file);
    std::vector<json::object> rows;
    for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line).as_object());
    return rows;
  }

  static std::string best(const std::string& text, const std::vector<Label>& labels) {
    return std::ranges::max_element(labels, {},
                                    [&](const Label& label) { return FakeBackend::log_prob(text, label.name); })
        ->name;
  }

  core::TempDir dir_;
  FakeBackend backend_;
};

TEST_F(ClassifyTest, GivesEveryRowTheMostProbableLabelInInputOrder) {
  const auto job =
      options(write("in.csv", "id,text\n1,buty\n2,telefon\n3,buty\n007,\"a \"\"b\"\", c\"\n"), {"x", "y", "z"});
  auto chosen = job;
  chosen.text_column = "text";
  const auto report = classify(chosen, backend_, kQuiet, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->rows, 4);
  EXPECT_EQ(report->written, 4);
  EXPECT_EQ(report->distinct_texts, 3);
  EXPECT_EQ(report->error_rows, 0);
  const auto rows = read_jsonl(path("out.jsonl"));
  ASSERT_EQ(rows.size(), 4);
  const std::vector<std::string> ids{"1", "2", "3", "007"};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("id").as_string(), ids[i]);
    EXPECT_EQ(rows[i].at("label").as_string(), best(std::string(rows[i].at("text").as_string()), job.labels));
    EXPECT_TRUE(rows[i].at("error").is_null());
  }
  EXPECT_EQ(rows[3].at("text").as_string(), "a \"b\", c");
}

TEST_F(ClassifyTest, CountsTheTokensOfDuplicatesOnlyInTheRowByRowFigure) {
  const auto report = classify(options(write("in.csv", "text\nabc\nabc\nabc\n"), {"x"}), backend_, kQuiet, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->tokens.evaluated_tokens, 3);
  EXPECT_EQ(report->tokens.row_by_row_tokens, 9);
}

TEST_F(ClassifyTest, KeepsTheRestWhenSomeRowsAreBad) {
  const auto report =
      classify(options(write("in.csv", "text\ngood\n\xff\xfe\n\"\"\nalso good\n"), {"x", "y"}), backend_, kQuiet, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->rows, 4);
  EXPECT_EQ(report->error_rows, 2);
  const auto rows = read_jsonl(path("out.jsonl"));
  ASSERT_EQ(rows.size(), 4);
  EXPECT_TRUE(rows[0].at("error").is_null());
  EXPECT_TRUE(rows[1].at("label").is_null());
  EXPECT_NE(rows[1].at("error").as_string().find("UTF-8"), std::string::npos) << rows[1].at("error").as_string();
  EXPECT_EQ(rows[2].at("error").as_string(), "the text is empty");
  EXPECT_FALSE(rows[3].at("label").is_null());
}

TEST_F(ClassifyTest, TellsARowThatIsTooLongWithBothNumbers) {
  FakeBackend small({.context_tokens = 5});
  const auto report = classify(options(write("in.csv", "text\nshort\nfar too long\n"), {"x"}), small, kQuiet, {});
  ASSERT_TRUE(report);
  const auto rows = read_jsonl(path("out.jsonl"));
  EXPECT_TRUE(rows[0].at("error").is_null());
  EXPECT_EQ(rows[1].at("error").as_string(), "the text has 12 tokens, there is room for 5");
}

TEST_F(ClassifyTest, HoldsAllLabelsOverTheThresholdWithMulti) {
  auto job = options(write("in.csv", "text\nabc\n"), {"x", "y", "z"});
  job.multi = true;
  job.threshold = 1e-9;
  job.top = 3;
  ASSERT_TRUE(classify(job, backend_, kQuiet, {}));
  const auto row = read_jsonl(path("out.jsonl")).at(0);
  const std::string labels(row.at("label").as_string());
  EXPECT_EQ(std::ranges::count(labels, ';'), 2);
  EXPECT_TRUE(labels.starts_with(best("abc", job.labels)));
  ASSERT_EQ(row.at("top").as_array().size(), 3);
  EXPECT_EQ(row.at("top").as_array()[0].at("label").as_string(), best("abc", job.labels));
}

TEST_F(ClassifyTest, AsksWhichColumnWhenThereAreSeveral) {
  const auto report = classify(options(write("in.csv", "a,b\n1,2\n"), {"x"}), backend_, kQuiet, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(report.error().message().find("a, b"), std::string::npos) << report.error().message();
}

TEST_F(ClassifyTest, NamesTheColumnsWhenTheWantedOneIsNotThere) {
  auto job = options(write("in.csv", "a,b\n1,2\n"), {"x"});
  job.text_column = "keyword";
  const auto report = classify(job, backend_, kQuiet, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(report.error().message().find("'keyword'"), std::string::npos);
}

TEST_F(ClassifyTest, RefusesToWriteOverItsInput) {
  auto job = options(write("in.csv", "text\na\n"), {"x"});
  job.output.path = path("./in.csv");
  EXPECT_EQ(classify(job, backend_, kQuiet, {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ClassifyTest, KeepsFinishedRowsUnderAnotherNameWhenStopped) {
  std::string input = "text\n";
  for (int i = 0; i < 3000; ++i) input += fmt::format("row {}\n", i);
  auto job = options(write("in.csv", input), {"x", "y"});
  std::stop_source stop;
  const auto report = classify(
      job, backend_,
      [&](const Progress& progress) {
        if (progress.stage == Progress::Stage::kEvaluating && progress.done >= 1500) stop.request_stop();
      },
      stop.get_token());
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->interrupted);
  EXPECT_EQ(report->output, path("out.partial.jsonl"));
  EXPECT_FALSE(fs::exists(path("out.jsonl")));
  EXPECT_GE(report->written, 1500);
  EXPECT_LT(report->written, 3000);
  const auto rows = read_jsonl(report->output);
  ASSERT_EQ(std::ssize(rows), report->written);
  int before = -1;
  for (const auto& row : rows) {
    const std::string text(row.at("text").as_string());
    EXPECT_EQ(row.at("label").as_string(), best(text, job.labels));
    const int number = std::stoi(text.substr(4));
    EXPECT_GT(number, before);
    before = number;
  }
}

TEST_F(ClassifyTest, LeavesNothingBehindButTheOutput) {
  ASSERT_TRUE(classify(options(write("in.csv", "text\na\n"), {"x"}), backend_, kQuiet, {}));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir_.path())) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"in.csv", "out.jsonl"}));
}

TEST_F(ClassifyTest, CalibratesByTheBatchSoThatNoLabelIsFavouredOnAverage) {
  std::string input = "text\n";
  for (int i = 0; i < 500; ++i) input += fmt::format("row {}\n", i);
  auto job = options(write("in.csv", input), {"x", "y"});
  job.calibration = Calibration::kBatch;
  ASSERT_TRUE(classify(job, backend_, kQuiet, {}));
  double mean_x = 0;  // the prior that the rule must have taken out
  for (int i = 0; i < 500; ++i) {
    const double x = std::exp(FakeBackend::log_prob(fmt::format("row {}", i), "x"));
    const double y = std::exp(FakeBackend::log_prob(fmt::format("row {}", i), "y"));
    mean_x += x / (x + y) / 500;
  }
  for (const auto& row : read_jsonl(path("out.jsonl"))) {
    const std::string text(row.at("text").as_string());
    const double x = std::exp(FakeBackend::log_prob(text, "x")) / mean_x;
    const double y = std::exp(FakeBackend::log_prob(text, "y")) / (1 - mean_x);
    EXPECT_EQ(row.at("label").as_string(), x > y ? "x" : "y");
  }
}

TEST_F(ClassifyTest, EmbedsEveryDistinctTextOnce) {
  EmbedOptions job;
  job.input.path = write("in.csv", "text\na\nb\na\n");
  job.output.path = path("out.jsonl");
  const auto report = embed(job, backend_, kQuiet, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->distinct_texts, 2);
  EXPECT_EQ(report->tokens, 2);
  const auto rows = read_jsonl(path("out.jsonl"));
  ASSERT_EQ(rows.size(), 3);
  EXPECT_EQ(rows[0].at("embedding").as_array().size(), 4);
  EXPECT_EQ(rows[0].at("embedding"), rows[2].at("embedding"));
  EXPECT_NE(rows[0].at("embedding"), rows[1].at("embedding"));
}

RC_GTEST_FIXTURE_PROP(ClassifyTest, AnswersAnyRowsOnceInOrderAndTheSameAsAlone, ()) {
  const auto words = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40));
  std::string input = "n,text\n";
  for (std::size_t i = 0; i < words.size(); ++i)
    input += fmt::format("{},{}\n", i, std::string(words[i] + 1, static_cast<char>('a' + words[i] % 26)));
  auto job = options(write("in.csv", input), {"x", "y", "z", "w"});
  job.text_column = "text";
  const auto report = classify(job, backend_, kQuiet, {});
  RC_ASSERT(report.has_value());
  const auto rows = read_jsonl(path("out.jsonl"));
  RC_ASSERT(rows.size() == words.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RC_ASSERT(rows[i].at("n").as_string() == std::to_string(i));
    RC_ASSERT(rows[i].at("label").as_string() == best(std::string(rows[i].at("text").as_string()), job.labels));
  }
}

}  // namespace
}  // namespace zubr::bulk
