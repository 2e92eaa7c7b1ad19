#include "formats/spool.h"

#include <sys/stat.h>

#include <algorithm>

#include "formats/spool_fixture.h"

namespace zubr::formats {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SpoolTest : public ::testing::Test {
 protected:
  std::string through(std::string_view in, std::string_view content, std::string_view column, std::string_view out) {
    const auto written = files_.pass({files_.make(in, content)}, column, {files_.path(out)});
    EXPECT_TRUE(written) << written.error().message();
    return files_.content(out);
  }
  SpoolFixture files_;
};

TEST_F(SpoolTest, KeepsCsvCellsByteForByte) {
  EXPECT_EQ(through("in.csv", "id,text\n007,\"a \"\"b\"\", c\"\n1e3, spaced \n,zażółć 😀\n", "text", "out.csv"),
            "id,text,label,probability,error\n"
            "007,\"a \"\"b\"\", c\",\"=a \"\"b\"\", c\",0.5,\n"
            "1e3, spaced ,= spaced ,0.5,\n"
            ",zażółć 😀,=zażółć 😀,0.5,\n");
}

TEST_F(SpoolTest, KeepsAnEmptyFieldApartFromAQuotedEmptyOne) {
  EXPECT_EQ(through("in.csv", "id,text\n1,\n2,\"\"\n3,\n", "text", "out.csv"),
            "id,text,label,probability,error\n1,,=NULL,0.5,\n2,\"\",=,0.5,\n3,,=NULL,0.5,\n");
}

TEST_F(SpoolTest, FindsTheDelimiterAndKeepsIt) {
  for (const std::string delimiter : {",", ";", "\t", "|"}) {
    const std::string d = delimiter;
    const std::string header = "id" + d + "text\n";
    const std::string out = through("in.csv", header + "1" + d + "a b\n2" + d + "c. d\n", "text", "out.csv");
    EXPECT_EQ(out, "id" + d + "text" + d + "label" + d + "probability" + d + "error\n1" + d + "a b" + d + "=a b" + d +
                       "0.5" + d + "\n2" + d + "c. d" + d + "=c. d" + d + "0.5" + d + "\n");
  }
  EXPECT_THAT(through("one.csv", "text\na;b|c\nd;e|f\n", "text", "out.csv"), HasSubstr("a;b|c,=a;b|c,0.5,\n"));
}

TEST_F(SpoolTest, TakesEveryLineEndAndAByteOrderMark) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    EXPECT_EQ(through("in.csv", "\xEF\xBB\xBFid,text" + end + "1,a" + end + end + "2,\"b\"" + end, "text", "out.csv"),
              "id,text,label,probability,error\n1,a,=a,0.5,\n2,\"b\",=b,0.5,\n");
  }
  EXPECT_EQ(through("in.csv", "id,text\n1,a", "text", "out.csv"), "id,text,label,probability,error\n1,a,=a,0.5,\n");
}

TEST_F(SpoolTest, KeepsRowsThatCannotBeReadInTheirPlace) {
  EXPECT_EQ(
      through("in.csv", "id,text\n1,ok\n2\n3,a,b\n4,\xff\xfe!\n5,\"x\"y\n6,ok\n", "text", "out.csv"),
      "id,text,label,probability,error\n"
      "1,ok,=ok,0.5,\n"
      "2,,,,line 3: 1 fields where the header has 2\n"
      "3,a,,,line 4: 3 fields where the header has 2\n"
      "4,��!,,,line 5: not valid UTF-8 (byte 0xff); save the file as UTF-8\n"
      "5,\"\"\"x\"\"y\",,,line 6: text follows the closing quote of field 2; quotes inside a quoted field are doubled\n"
      "6,ok,=ok,0.5,\n");
}

TEST_F(SpoolTest, SaysWhereAQuoteIsNeverClosed) {
  const std::string out = through("in.csv", "id,text\n1,a\n2,\"open\n3,b\n", "text", "out.csv");
  EXPECT_THAT(out, HasSubstr("line 3: the quote that opens field 2 is never closed (the file ends on line 5)"));
}

TEST_F(SpoolTest, RefusesACellOverTheLimitAndReadsOn) {
  const std::string big(300'000, 'x');
  for (const std::string quote : {"", "\""}) {
    InputSpec input{files_.make("in.csv", "id,text\n1," + quote + big + quote + "\n2,ok\n")};
    input.max_cell_bytes = 1000;
    ASSERT_TRUE(files_.pass(input, "text", {files_.path("out.csv")}));
    const std::string out = files_.content("out.csv");
    EXPECT_THAT(out, HasSubstr("line 2: field 2 is longer than 1000 bytes"));
    EXPECT_THAT(out, HasSubstr("\n2,ok,=ok,0.5,\n"));
    EXPECT_THAT(out, HasSubstr("\n1," + std::string(1000, 'x') + ","));
  }
}

TEST_F(SpoolTest, ReadsARowFarOverTheLimitWithoutHoldingIt) {
  const std::string big(9'000'000, 'x');
  InputSpec input{files_.make("in.csv", "id,text,more\n1,\"" + big + "\n" + big + "\",z\n2,ok,y\n")};
  input.max_cell_bytes = 100'000;
  ASSERT_TRUE(files_.pass(input, "text", {files_.path("out.csv")}));
  const std::string out = files_.content("out.csv");
  EXPECT_THAT(out, HasSubstr("line 2: field 2 is longer than 100000 bytes"));
  EXPECT_THAT(out, HasSubstr("\n2,ok,y,=ok,0.5,\n"));
  EXPECT_LT(out.size(), 110'000u);
}

TEST_F(SpoolTest, KeepsJsonLinesAsTheyAre) {
  EXPECT_EQ(
      through("in.jsonl",
              "{\"id\": 1.10, \"text\":\"a\\u0142\",\"n\":{\"x\":[1, 2]}}\n\n"
              "  {\"big\":123456789012345678901234567890,\"text\":\"ał\"}  \r\n{}\n",
              "text", "out.jsonl"),
      "{\"id\": 1.10, \"text\":\"a\\u0142\",\"n\":{\"x\":[1, "
      "2]},\"label\":\"=ał\",\"probability\":0.5,\"error\":null}\n"
      "{\"big\":123456789012345678901234567890,\"text\":\"ał\",\"label\":\"=ał\",\"probability\":0.5,\"error\":null}\n"
      "{\"label\":\"=NULL\",\"probability\":0.5,\"error\":null}\n");
}

TEST_F(SpoolTest, KeepsJsonLinesThatCannotBeReadInTheirPlace) {
  const std::string out = through("in.jsonl", "{bad\n[1]\n{\"text\":\"\xff\"}\n{\"text\":\"ok\"}\n", "text", "out.csv");
  EXPECT_THAT(out, HasSubstr("text,label,probability,error\n,,,line 1: not JSON at character 2"));
  EXPECT_THAT(out, HasSubstr("\n,,,\"line 2: not a JSON object"));
  EXPECT_THAT(out, HasSubstr("\n�,,,line 3: not valid UTF-8 (byte 0xff)"));
  EXPECT_THAT(out, HasSubstr("\nok,=ok,0.5,\n"));
}

TEST_F(SpoolTest, MakesColumnsOfAllJsonKeysInOrder) {
  const auto work = files_.spool();
  ASSERT_TRUE(work->ingest({files_.make("in.jsonl", "{\"b\":\"x\"}\n{\"a\":1,\"b\":null}\n{\"c\":\"y\"}\n{\"c\":2}\n")},
                           {}, {}));
  std::string seen;
  for (const Column& column : work->columns()) {
    seen += column.name + ":" + column.type + (column.is_text ? ":text " : " ");
  }
  EXPECT_EQ(seen, "b:VARCHAR:text a:JSON c:JSON ");
}

TEST_F(SpoolTest, GoesThroughCompressedFiles) {
  for (const std::string end : {".gz", ".zst"}) {
    ASSERT_TRUE(files_.pass({files_.make("in.csv", "text\na\nb\n")}, "text", {files_.path("packed.csv" + end)}));
    const std::string packed = files_.content("packed.csv" + end);
    EXPECT_EQ(packed.substr(0, 2), end == ".gz" ? "\x1f\x8b" : "\x28\xb5");
    const auto work = files_.spool();
    ASSERT_TRUE(work->ingest({files_.path("packed.csv" + end)}, {}, {}));
    EXPECT_EQ(work->row_count(), 2);
    // Two streams one after another are one.
    files_.make("twice.csv" + end, packed + packed);
    ASSERT_TRUE(files_.spool()->ingest({files_.path("twice.csv" + end)}, {}, {}));
    // Cut or damaged, it is refused.
    const Error cut = files_.ingest_error("cut.csv" + end, packed.substr(0, packed.size() - 3));
    EXPECT_EQ(cut.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(cut.message(), HasSubstr("ends in the middle"));
    const Error bad = files_.ingest_error("bad.csv" + end, "this is not compressed");
    EXPECT_EQ(bad.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(bad.message(), HasSubstr("is not sound"));
  }
}

TEST_F(SpoolTest, KeepsParquetTypes) {
  through("in.jsonl", "{\"n\":1,\"text\":\"a\"}\n{\"n\":[2],\"text\":null}\n{\"n\":\"s\",\"text\":\"a\"}\n", "text",
          "a.parquet");
  const auto work = files_.spool();
  ASSERT_TRUE(work->ingest({files_.path("a.parquet")}, {}, {}));
  std::string types;
  for (const Column& column : work->columns()) types += column.name + ":" + column.type + " ";
  EXPECT_EQ(types, "n:JSON text:VARCHAR label:VARCHAR probability:DOUBLE error:VARCHAR ");
  ASSERT_TRUE(work->index_texts("text"));
  ASSERT_TRUE(work->declare_results({{"vector", CellType::kVector}}).error().code() == ErrorCode::kAlreadyExists);
}

TEST_F(SpoolTest, WritesVectors) {
  for (const std::string out : {"out.csv", "out.jsonl", "out.parquet"}) {
    const auto work = files_.spool();
    ASSERT_TRUE(work->ingest({files_.make("in.csv", "text\na\nb\na\n")}, {}, {}));
    ASSERT_TRUE(work->index_texts("text"));
    ASSERT_TRUE(work->declare_results({{"embedding", CellType::kVector}}));
    ASSERT_TRUE(work->put(0, {std::vector<float>{0.1f, -2, 3e10f}}));
    ASSERT_TRUE(work->put_error(1, "too long"));
    ASSERT_TRUE(work->write({files_.path(out)}, false, {}));
  }
  EXPECT_EQ(files_.content("out.csv"),
            "text,embedding,error\na,\"[0.1,-2,30000000000]\",\nb,,too long\na,\"[0.1,-2,30000000000]\",\n");
  EXPECT_EQ(files_.content("out.jsonl"),
            "{\"text\":\"a\",\"embedding\":[0.1,-2,30000000000],\"error\":null}\n"
            "{\"text\":\"b\",\"embedding\":null,\"error\":\"too long\"}\n"
            "{\"text\":\"a\",\"embedding\":[0.1,-2,30000000000],\"error\":null}\n");
  const auto back = files_.spool();
  ASSERT_TRUE(back->ingest({files_.path("out.parquet")}, {}, {}));
  EXPECT_EQ(back->columns()[1].type, "FLOAT[]");
}

TEST_F(SpoolTest, LeavesUnfinishedRowsOutWhenAsked) {
  for (const bool only_finished : {false, true}) {
    for (const std::string out : {"out.csv", "out.parquet"}) {
      const auto work = files_.spool();
      ASSERT_TRUE(work->ingest({files_.make("in.csv", "id,text\n1,a\n2,b\n3,a\n4\n5,c\n")}, {}, {}));
      ASSERT_TRUE(work->index_texts("text"));
      ASSERT_TRUE(work->declare_results({{"label", CellType::kText}}));
      ASSERT_TRUE(work->put(0, {"A"}));
      const auto written = work->write({files_.path(out)}, only_finished, {});
      ASSERT_TRUE(written) << written.error().message();
      EXPECT_EQ(*written, only_finished ? 3 : 5);
    }
    EXPECT_EQ(files_.content("out.csv"),
              only_finished
                  ? "id,text,label,error\n1,a,A,\n3,a,A,\n4,,,line 5: 1 fields where the header has 2\n"
                  : "id,text,label,error\n1,a,A,\n2,b,,\n3,a,A,\n4,,,line 5: 1 fields where the header has 2\n5,c,,\n");
  }
}

TEST_F(SpoolTest, CanBeWrittenAgainAfterMoreResults) {
  const auto work = files_.spool();
  ASSERT_TRUE(work->ingest({files_.make("in.csv", "text\na\nb\na\n")}, {}, {}));
  ASSERT_TRUE(work->index_texts("text"));
  ASSERT_TRUE(work->declare_results({{"label", CellType::kText}}));
  ASSERT_TRUE(work->put(0, {"A"}));
  ASSERT_EQ(*work->write({files_.path("out.csv")}, true, {}), 2);
  ASSERT_TRUE(work->put(1, {"B"}));
  ASSERT_EQ(*work->write({files_.path("out.csv")}, true, {}), 3);
  EXPECT_EQ(files_.content("out.csv"), "text,label,error\na,A,\nb,B,\na,A,\n");
}

TEST_F(SpoolTest, StopsWhenAskedAndLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  const auto work = files_.spool();
  std::string rows = "text\n";
  for (int i = 0; i < 10'000; ++i) rows += std::to_string(i % 5000) + "\n";
  const auto input = files_.make("in.csv", rows);
  EXPECT_EQ(files_.spool()->ingest({input}, stop.get_token(), {}).error().code(), ErrorCode::kCancelled);
  ASSERT_TRUE(work->ingest({input}, {}, {}));
  EXPECT_EQ(work->index_texts("text", stop.get_token()).error().code(), ErrorCode::kCancelled);
  ASSERT_TRUE(work->index_texts("text"));
  ASSERT_TRUE(work->declare_results({{"label", CellType::kText}}));
  for (const std::string out : {"out.csv", "out.parquet"}) {
    EXPECT_EQ(work->write({files_.path(out)}, false, stop.get_token()).error().code(), ErrorCode::kCancelled);
    EXPECT_FALSE(std::filesystem::exists(files_.path(out)));
    const auto written = work->write({files_.path(out)}, false, {});
    ASSERT_TRUE(written) << written.error().message();
    EXPECT_EQ(*written, 10'000);
  }
}

TEST_F(SpoolTest, TakesTheFirstRowsOnly) {
  InputSpec input{files_.make("in.csv", "text\na\nb\nc\n")};
  input.limit = 2;
  ASSERT_EQ(*files_.pass(input, "text", {files_.path("out.parquet")}), 2);
  ASSERT_TRUE(files_.spool()->ingest(input, {}, {}));
  InputSpec parquet{files_.path("out.parquet")};
  parquet.limit = 1;
  const auto work = files_.spool();
  ASSERT_TRUE(work->ingest(parquet, {}, {}));
  EXPECT_EQ(work->row_count(), 1);
}

TEST_F(SpoolTest, WorksInAPrivateFolderAndLeavesNothingBehind) {
  {
    const auto work = files_.spool();
    ASSERT_TRUE(work->ingest({files_.make("in.csv", "text\na\n")}, {}, {}));
    int folders = 0;
    for (const auto& entry : std::filesystem::directory_iterator(files_.path(""))) {
      if (!entry.is_directory()) continue;
      ++folders;
      EXPECT_EQ(entry.status().permissions(), std::filesystem::perms::owner_all);
    }
    EXPECT_EQ(folders, 1);
  }
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(files_.path("")))
    left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"in.csv"});
}

}  // namespace
}  // namespace zubr::formats
