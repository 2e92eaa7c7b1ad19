// Each: a clear message that names the value, the documented exit code, and no output that could be taken for a whole
// one.
#include <signal.h>

#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

class BadInput : public ModelTest {
 protected:
  // classify `input` into out.csv; checks the status, part of the message, and that nothing new lies in the folder.
  void expect_refused(const std::string& input, int status, const std::string& part, std::vector<std::string> more = {},
                      const std::string& labels = "red,green") {
    const std::string before = files();
    std::vector<std::string> arguments{"classify", input, "--labels", labels, "-o", "out.csv", "--no-progress"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = zubr(arguments);
    EXPECT_EQ(done.status, status) << input << ": " << done.err;
    EXPECT_SAYS(done.err, part);
    EXPECT_TRUE(done.err.starts_with("zubr: ")) << done.err;
    EXPECT_EQ(files(), before) << input;
  }
  void SetUp() override {
    ModelTest::SetUp();
    write("in.csv", "id,text\n1,a red apple\n2,green grass\n");
  }
};

TEST_F(BadInput, AFileThatIsNotThere) { expect_refused("none.csv", 3, "none.csv"); }

TEST_F(BadInput, AFolder) {
  std::filesystem::create_directory(path("folder.csv"));
  expect_refused("folder.csv", 2, "folder.csv");
}

TEST_F(BadInput, AnEmptyFile) {
  write("empty.csv", "");
  expect_refused("empty.csv", 2, "empty.csv");
}

TEST_F(BadInput, AHeaderWithoutNames) {
  write("noheader.csv", ",,\n1,2,3\n");
  expect_refused("noheader.csv", 2, "");
}

TEST_F(BadInput, AColumnThatIsNotThereListsThoseThatAre) {
  expect_refused("in.csv", 3, "text", {"--text", "body"});
  expect_refused("in.csv", 3, "body", {"--text", "body"});
}

TEST_F(BadInput, ManyTextColumnsAreListed) {
  write("two.csv", "title,body\nx,y\n");
  expect_refused("two.csv", 2, "title, body");
}

TEST_F(BadInput, AHeaderWithTwoEqualNames) {
  write("twice.csv", "text,text\na,b\n");
  expect_refused("twice.csv", 2, "text");
}

TEST_F(BadInput, AFormatThatNobodyKnows) {
  write("in.xls", "x");
  expect_refused("in.xls", 2, "in.xls");
  expect_refused("in.csv", 2, "xml", {"--input-format", "xml"});
}

TEST_F(BadInput, LabelsThatAreEmptyOrRepeated) {
  expect_refused("in.csv", 2, "red", {}, "red, red ,blue");
  expect_refused("in.csv", 2, "", {}, "red,,blue");
  expect_refused("in.csv", 2, "", {}, "");
  expect_refused("in.csv", 3, "labels.txt", {}, "labels.txt");
  write("labels.txt", "red\n\nred \n");
  expect_refused("in.csv", 2, "red", {}, "labels.txt");
}

TEST_F(BadInput, TooManyLabels) {
  std::string many;
  for (int i = 0; i <= 10000; ++i) many += "label " + std::to_string(i) + "\n";
  write("labels.txt", many);
  expect_refused("in.csv", 7, "10,000", {}, "labels.txt");
}

TEST_F(BadInput, ATopThatIsMoreThanThereAreLabels) {
  expect_refused("in.csv", 2, "--top", {"--top", "3"});
  expect_refused("in.csv", 2, "--top", {"--top", "many"});
}

TEST_F(BadInput, APromptTemplateWithoutAPlaceForTheText) {
  write("prompt.txt", "Sort this.");
  expect_refused("in.csv", 2, "{{text}}", {"--prompt-template", "prompt.txt"});
  expect_refused("in.csv", 3, "none.txt", {"--prompt-template", "none.txt"});
}

TEST_F(BadInput, AModelThatIsNotHere) {
  expect_refused("in.csv", 3, "bielik", {"--model", "bielik"});
  expect_refused("in.csv", 3, "none.gguf", {"--model", "none.gguf"});
}

TEST_F(BadInput, AModelFileThatIsNone) {
  write("text.gguf", "this is no model, but long enough to hold a header of one");
  write("empty.gguf", "");
  const std::string whole = read(model_);
  write("cut.gguf", whole.substr(0, whole.size() / 2));
  std::string hostile = whole.substr(0, 4096);
  for (std::size_t i = 8; i < 24; ++i) hostile[i] = '\x7f';  // the counts of tensors and facts
  write("hostile.gguf", hostile);
  for (const char* file : {"text.gguf", "cut.gguf", "hostile.gguf"}) {
    expect_refused("in.csv", 4, file, {"--model", file});
    const Finished added = zubr({"models", "add", file, "--name", "bad"});
    EXPECT_EQ(added.status, 4) << added.err;
    EXPECT_SAYS(added.err, file);
  }
  std::string strange = whole;
  const auto at = strange.find("gpt2", strange.find("general.architecture"));
  ASSERT_NE(at, std::string::npos);
  strange.replace(at, 4, "gptx");
  write("strange.gguf", strange);
  expect_refused("in.csv", 5, "gptx", {"--model", "strange.gguf"});
}

TEST_F(BadInput, AnOutputThatCannotBeWritten) {
  EXPECT_EQ(zubr({"classify", "in.csv", "--labels", "a,b", "-o", "no/such/out.csv"}).status, 3);
  std::filesystem::create_directory(path("dir.csv"));
  EXPECT_EQ(zubr({"classify", "in.csv", "--labels", "a,b", "-o", "dir.csv"}).status, 2);
  EXPECT_EQ(zubr({"classify", "in.csv", "--labels", "a,b", "-o", "in.csv"}).status, 2);
  std::filesystem::create_directory(path("locked"));
  std::filesystem::permissions(path("locked"), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec |
                                                   std::filesystem::perms::others_read |
                                                   std::filesystem::perms::others_exec);
  Command locked = command({"classify", "in.csv", "--text", "text", "--labels", "a,b", "-o", "locked/out.csv"});
  locked.without_root = true;
  const Finished done = run(locked);
  if (done.status == 127) GTEST_SKIP() << "nobody may not run the program here";
  EXPECT_EQ(done.status, 6) << done.err;
  EXPECT_SAYS(done.err, "locked");
}

TEST_F(BadInput, AFullDisk) {
  Command full = command({"classify", "in.csv", "--text", "text", "--labels", "a,b", "-o", "-", "--no-progress"});
  full.output_file = "/dev/full";
  const Finished done = run(full);
  EXPECT_EQ(done.status, 6) << done.err;
}

TEST_F(BadInput, ABrokenRowIsThatRowsErrorAndTheOthersGoOn) {
  write("broken.csv", "id,text\n1,a red apple\n2,\xff\xfe\n3,green,grass\n4,green grass\n");
  const Finished done =
      zubr({"classify", "broken.csv", "--labels", "red,green", "--text", "text", "-o", "out.jsonl", "--no-progress"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "4 rows");
  EXPECT_SAYS(done.err, "2 rows have an error");
  const std::string out = read(path("out.jsonl"));
  EXPECT_EQ(std::ranges::count(out, '\n'), 4) << out;
}

TEST_F(BadInput, ARowLongerThanTheContextIsAnErrorWithBothNumbers) {
  std::string longer;
  for (int i = 0; i < 20000; ++i) longer += "word ";
  write("long.csv", "text\nshort\n" + longer + "\n");
  const Finished done = zubr({"classify", "long.csv", "--labels", "red,green", "-o", "out.csv", "--no-progress"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "1 row has an error");
  EXPECT_SAYS(read(path("out.csv")), "tokens");
}

TEST_F(BadInput, CtrlCKeepsFinishedRowsAndSaysWhere) {
  std::string rows = "text\n";
  for (int i = 0; i < 60000; ++i) rows += "a keyword that is number " + std::to_string(i) + " of very many\n";
  write("many.csv", rows);
  Process process(command({"classify", "many.csv", "--labels", "red,green,blue", "-o", "out.csv"}));
  ASSERT_TRUE(process.wait_for_error_text("looking for equal texts: "));
  process.send_signal(SIGINT);
  const Finished done = process.finish();
  EXPECT_EQ(done.status, 130) << done.err;
  EXPECT_SAYS(done.err, "stopped: ");
  EXPECT_SAYS(done.err, "out.partial.csv");
  EXPECT_EQ(files(), "in.csv many.csv out.partial.csv ");
}

}  // namespace
}  // namespace zubr::e2e
