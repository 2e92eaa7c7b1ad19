// The commands with a real model.
#include <signal.h>

#include <map>

#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

class Commands : public ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    write("in.csv", "id,text\n007,\"a red, ripe apple\"\n2,zażółć gęślą jaźń\n3,\"a red, ripe apple\"\n");
  }
};

TEST_F(Commands, ClassifyWithoutAModelUsesTheOneBuiltIn) {
  model_.clear();
  write("t.csv", "text\nblue running shoes\n");
  const Finished done = zubr({"classify", "t.csv", "--labels", "Shoes,Garden", "-o", "o.csv"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_NE(read(path("o.csv")).find("blue running shoes,Shoes,"), std::string::npos) << read(path("o.csv"));
}

TEST_F(Commands, ClassifyKeepsColumnsAndOrderInEveryFormat) {
  const Finished csv =
      zubr({"classify", "in.csv", "--text", "text", "--labels", "red,green", "-o", "out.csv", "--no-progress"});
  ASSERT_EQ(csv.status, 0) << csv.err;
  EXPECT_SAYS(csv.err, "3 rows (2 distinct texts) at ");
  const std::string text = read(path("out.csv"));
  EXPECT_TRUE(text.starts_with("id,text,label,probability,margin,error\n007,\"a red, ripe apple\",")) << text;
  EXPECT_SAYS(text, "\n2,zażółć gęślą jaźń,");

  const std::map<std::string, std::string> beginnings{{"out.tsv", "id\ttext\tlabel\tprobability\tmargin\terror\n007\t"},
                                                      {"out.jsonl", "{\"id\":\"007\",\"text\":\"a red, ripe apple\""},
                                                      {"out.parquet", "PAR1"},
                                                      {"out.csv.gz", "\x1f\x8b"},
                                                      {"out.jsonl.zst", "\x28\xb5\x2f\xfd"}};
  for (const auto& [name, beginning] : beginnings) {
    const Finished done =
        zubr({"classify", "in.csv", "--text", "text", "--labels", "red,green", "-o", name, "--no-progress"});
    EXPECT_EQ(done.status, 0) << name << done.err;
    EXPECT_TRUE(read(path(name)).starts_with(beginning)) << name << ": " << read(path(name));
  }
}

TEST_F(Commands, ResultsOfAnEarlierRunAreNotOverwritten) {
  ASSERT_EQ(zubr({"classify", "in.csv", "--text", "text", "--labels", "red,green", "-o", "out.csv"}).status, 0);
  const Finished again = zubr({"classify", "out.csv", "--text", "text", "--labels", "red,green", "-o", "again.csv"});
  EXPECT_EQ(again.status, 2);
  EXPECT_SAYS(again.err, "'label'");
}

TEST_F(Commands, ClassifyReadsAndWritesStandardStreams) {
  const Finished done =
      zubr({"classify", "-", "--labels", "red,green", "-o", "-", "--top", "2", "--report", "report.json"},
           "{\"text\":\"grass\"}\n{\"text\":\"blood\"}\n");
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(std::ranges::count(done.out, '\n'), 2);
  EXPECT_TRUE(done.out.starts_with("{\"text\":\"grass\",\"label\":")) << done.out;
  EXPECT_SAYS(done.out, "\"top\":[{\"label\":");
  EXPECT_SAYS(done.err, "evaluating: 2 texts in ");
  EXPECT_SAYS(read(path("report.json")), "\"rows\": 2");
}

TEST_F(Commands, ClassifyTakesAFormatWhereNamesDoNotTell) {
  const Finished done =
      zubr({"classify", "-", "--format", "csv", "--labels", "red,green", "-o", "-", "--no-progress"}, "text\ngrass\n");
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(done.out.starts_with("text,label,probability,margin,error\ngrass,")) << done.out;
}

TEST_F(Commands, ClassifyWithEveryWayOfScoring) {
  for (const auto& more : std::vector<std::vector<std::string>>{{"--label-mode", "code"},
                                                                {"--length-norm", "tokens"},
                                                                {"--calibrate", "content-free"},
                                                                {"--calibrate", "batch"},
                                                                {"--multi", "--threshold", "0.1"},
                                                                {"--instruction", "Name the colour."},
                                                                {"--limit", "2", "--threads", "1"}}) {
    std::vector<std::string> arguments{"classify",  "in.csv", "--text",  "text",         "--labels",
                                       "red,green", "-o",     "out.csv", "--no-progress"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = zubr(arguments);
    EXPECT_EQ(done.status, 0) << more[0] << ": " << done.err;
  }
}

TEST_F(Commands, ModelsHaveNamesThatOtherCommandsTake) {
  EXPECT_EQ(zubr({"models", "add", model_, "--name", "tinytalk"}).status, 0);
  EXPECT_EQ(zubr({"models", "add", model_, "--name", "tinytalk"}).status, 2);
  const Finished list = zubr({"models", "list"});
  EXPECT_SAYS(list.out, "tinytalk");
  EXPECT_SAYS(list.out, "gpt2");
  EXPECT_SAYS(list.out, "Q4_0");
  EXPECT_SAYS(zubr({"models", "list", "--json"}).out, "\"missing\": false");
  model_ = "tinytalk";
  const Finished done = zubr({"classify", "in.csv", "--text", "text", "--labels", "red,green", "-o", "out.csv"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "loading tinytalk: ");
  EXPECT_EQ(zubr({"models", "rm", "tinytalk"}).status, 0);
  EXPECT_EQ(zubr({"classify", "in.csv", "--text", "text", "--labels", "red,green", "-o", "out.csv"}).status, 3);
}

TEST_F(Commands, RunAnswersTheSameWayAtTemperatureZero) {
  const std::vector<std::string> arguments{"run", model_,         "Hello!", "--temperature",
                                           "0",   "--max-tokens", "12",     "--no-progress"};
  const Finished first = zubr(arguments), second = zubr(arguments);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_FALSE(first.out.empty());
  EXPECT_EQ(first.out, second.out);
  const Finished piped = zubr({"run", model_, "--temperature", "0", "--max-tokens", "12", "--no-progress"}, "Hello!");
  EXPECT_EQ(piped.out, first.out) << piped.err;
}

TEST_F(Commands, RunAnswersInJsonWhenASchemaAsksForIt) {
  const Finished done = zubr(
      {"run", model_, "A number.", "--seed", "1", "--max-tokens", "40", "--no-progress", "--json-schema",
       R"({"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false})"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_TRUE(done.out.starts_with("{")) << done.out;
  const Finished refused = zubr({"run", model_, "x", "--json-schema", "{\"type\": 5}"});
  EXPECT_EQ(refused.status, 2) << refused.err;
}

TEST_F(Commands, EmbedGivesEveryRowAVector) {
  const Finished done = zubr({"embed", "in.csv", "--text", "text", "-o", "out.jsonl"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "3 rows (2 distinct texts)");
  EXPECT_SAYS(read(path("out.jsonl")), "\"embedding\":[");
}

TEST_F(Commands, ServeAnswersUntilItIsStopped) {
  Process server(command({"serve", "--port", "0", "--no-progress"}));
  ASSERT_TRUE(server.wait_for_error_text("Ctrl-C stops"));
  server.send_signal(SIGTERM);
  const Finished done = server.finish();
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "http://127.0.0.1:");
  EXPECT_SAYS(done.err, "stopped serving");
}

TEST_F(Commands, ServeRefusesAPublicAddressUnlessTold) {
  const Finished done = zubr({"serve", "--port", "0", "--host", "0.0.0.0"});
  EXPECT_EQ(done.status, 2) << done.err;
  EXPECT_SAYS(done.err, "0.0.0.0");
}

}  // namespace
}  // namespace zubr::e2e
