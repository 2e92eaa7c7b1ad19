#include "cli/report.h"

#include <gtest/gtest.h>

#include <limits>

#include "cli/json_text.h"
#include "cli/table_arguments.h"
#include "cli/table_text.h"
#include "core/message.h"

namespace zubr::cli {
namespace {

bulk::ClassifyReport sample() {
  bulk::ClassifyReport report;
  report.rows = report.written = 20000;
  report.distinct_texts = 18200;
  report.evaluating = std::chrono::seconds(100);
  report.total = std::chrono::seconds(110);
  report.tokens.evaluated_tokens = 52101;
  report.tokens.row_by_row_tokens = 4401200;
  return report;
}

TEST(ClassifySummary, IsOneLineWithRowsRateAndTokens) {
  EXPECT_EQ(
      classify_summary(sample()),
      "20,000 rows (18,200 distinct texts) at 200 rows/s; 52,101 prompt tokens evaluated, row by row it would have "
      "been 4,401,200");
}

TEST(ClassifySummary, CountsRowsWithAnError) {
  auto report = sample();
  report.error_rows = 1;
  EXPECT_TRUE(classify_summary(report).ends_with("; 1 row has an error"));
  report.error_rows = 1200;
  EXPECT_TRUE(classify_summary(report).ends_with("; 1,200 rows have an error"));
}

TEST(ClassifySummary, SpeaksPolish) {
  ASSERT_TRUE(core::set_language("pl"));
  const std::string line = classify_summary(sample());
  core::set_language("en");
  EXPECT_NE(line.find("wierszy"), std::string::npos) << line;
}

TEST(ClassifySummary, SurvivesAnEmptyRun) {
  EXPECT_EQ(classify_summary({}),
            "0 rows (0 distinct texts) at 0.00 rows/s; 0 prompt tokens evaluated, row by row it would have been 0");
}

TEST(StoppedLine, SaysWhatIsKeptAndWhere) {
  EXPECT_EQ(stopped_line(120, 3120, "out.partial.csv", "out.csv"),
            "stopped: 120 of 3,120 rows are finished; they are in out.partial.csv, and out.csv was not written");
}

TEST(ClassifyReportJson, HasTheFiguresAsNumbers) {
  const std::string json = classify_report_json(sample(), "tiny");
  for (const char* part : {"\"model\": \"tiny\"", "\"rows\": 20000", "\"evaluating_s\": 100", "\"rows_per_s\": 200",
                           "\"evaluated_tokens\": 52101", "\"interrupted\": false"})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
}

TEST(JsonText, EscapesAndNeverWritesWhatIsNotJson) {
  EXPECT_EQ(json_text(Json::array({Json("a\"\n\xff"), Json(std::numeric_limits<double>::quiet_NaN()), Json(true),
                                   Json(nullptr), Json::object({}), Json::array({})})),
            "[\n  \"a\\\"\\n\xEF\xBF\xBD\",\n  null,\n  true,\n  null,\n  {},\n  []\n]\n");
}

TEST(TableText, AlignsByCharactersNotBytes) {
  TableText table({"a", "b"});
  table.add_row({"żółw", "x"});
  table.add_row({"cat", "y"});
  EXPECT_EQ(table.text(), "a     b\nżółw  x\ncat   y\n");
}

}  // namespace
}  // namespace zubr::cli
