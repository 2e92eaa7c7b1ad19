// `zubr tune` and `zubr eval` with the real trainer, on the built-in model; skipped where either is not built.
#include <csignal>

#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

class TuneTest : public ZubrTest {
 protected:
  void SetUp() override {
    ZubrTest::SetUp();
    if (IsSkipped()) return;
    if (!std::filesystem::exists(std::filesystem::path(binary_).parent_path() / "zubr-train"))
      GTEST_SKIP() << "zubr-train is not built; it needs tools/setup.sh train";
    if (zubr({"models", "list", "--names"}).out.find("built-in") == std::string::npos)
      GTEST_SKIP() << "there is no built-in model";
    std::string rows = "text,label\n";
    for (int i = 0; i < 12; ++i) rows += "item " + std::to_string(i) + (i % 2 ? " zorp,blue\n" : " flib,green\n");
    write("sorted.csv", rows);
  }

  Finished tune(std::vector<std::string> more) const {
    std::vector<std::string> all = {"tune", "built-in",  "sorted.csv", "--labels", "blue,green", "-o",
                                    "mine", "--rank",    "2",          "--batch",  "4",          "--validation-share",
                                    "0.25", "--threads", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return zubr(std::move(all));
  }
};

TEST_F(TuneTest, MakesAModelThatRunsAndIsBetterThanItsBase) {
  const auto done = tune({"--epochs", "8", "--rate", "5e-3", "--json"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "12 records (text and label): 9 examples to train on, 3 to validate with");
  EXPECT_SAYS(done.err, "validation loss");
  EXPECT_SAYS(done.err, "to try it: zubr run mine");
  EXPECT_SAYS(done.out, "\"steps\": ");
  const auto folder = path("home") / "tunes" / "mine";
  for (const char* file : {"adapter.gguf", "model.gguf", "loss.svg", "log.jsonl", "peft/adapter_model.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(folder / file)) << file;
  const auto compared =
      zubr({"eval", "mine", "sorted.csv", "--labels", "blue,green", "--against", "built-in", "--confusion"});
  ASSERT_EQ(compared.status, 0) << compared.err;
  EXPECT_SAYS(compared.out, "accuracy");
  EXPECT_SAYS(compared.out, "built-in");
  EXPECT_SAYS(compared.out, "100.0 %");  // of what it learned
  const auto classified =
      zubr({"classify", "sorted.csv", "--labels", "blue,green", "--model", "mine", "-o", "out.csv"});
  EXPECT_EQ(classified.status, 2) << "the column label is there already";
  // The same command again has nothing left to do and ends well; other options are refused.
  EXPECT_EQ(tune({"--epochs", "8", "--rate", "5e-3"}).status, 0);
  const auto other = tune({"--epochs", "9", "--rate", "5e-3"});
  EXPECT_NE(other.status, 0);
  EXPECT_SAYS(other.err, "give --restart");
}

TEST_F(TuneTest, SaysWhatItWouldTakeWithoutLeavingAnything) {
  const auto done = tune({"--dry-run"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.out, "⟦");
  EXPECT_SAYS(done.out, "tokens/s");
  EXPECT_FALSE(std::filesystem::exists(path("home") / "tunes"));
}

TEST_F(TuneTest, StopsCleanlyAndGoesOn) {
  Command made =
      command({"tune", "built-in", "sorted.csv", "--labels", "blue,green", "-o", "mine", "--rank", "2", "--batch", "2",
               "--epochs", "400", "--patience", "0", "--validation-share", "0.25", "--threads", "1"});
  {
    Process running(made);
    ASSERT_TRUE(running.wait_for_error_text("validation loss"));
    running.send_signal(SIGTERM);
    const auto stopped = running.finish();
    EXPECT_EQ(stopped.status, 130) << stopped.err;
    EXPECT_SAYS(stopped.err, "the same command goes on");
  }
  const auto log = path("home") / "tunes" / "mine" / "log.jsonl";
  EXPECT_NE(read(log).find("\"event\":\"step\""), std::string::npos);
  Process again(made);
  EXPECT_TRUE(again.wait_for_error_text("goes on after step"));
  again.send_signal(SIGTERM);
  EXPECT_EQ(again.finish().status, 130);
}

TEST_F(TuneTest, ListsRowsThatCannotBeUsedAndTrainsOnlyWhenToldTo) {
  write("sorted.csv", "text,label\nred,blue\ngrass,green\nodd,purple\n");
  const auto refused = tune({});
  EXPECT_EQ(refused.status, 2);
  EXPECT_SAYS(refused.err, "row 3: its label 'purple' is none of the 2 labels");
  EXPECT_SAYS(refused.err, "give --skip-bad");
  EXPECT_FALSE(std::filesystem::exists(path("home") / "tunes" / "mine" / "plan.json"));
}

TEST_F(TuneTest, SaysWhatToInstallWhereThereIsNoTrainer) {
  Command made = command({"tune", "built-in", "sorted.csv", "--labels", "blue,green", "-o", "mine"});
  made.environment["ZUBR_TRAINER"] = "/nowhere/zubr-train";
  const auto done = run(made);
  EXPECT_NE(done.status, 0);
  EXPECT_SAYS(done.err, "ZUBR_TRAINER names '/nowhere/zubr-train'");
  // A program whose libraries are missing ends as the loader does.
  write("trainer", "#!/bin/sh\nexit 127\n");
  std::filesystem::permissions(path("trainer"), std::filesystem::perms::all);
  made.environment["ZUBR_TRAINER"] = path("trainer").string();
  EXPECT_SAYS(run(made).err, "it needs libtorch; install it");
}

TEST_F(TuneTest, BadOptionsAreNamed) {
  EXPECT_SAYS(tune({"--epochs", "0"}).err, "--epochs cannot be 0");
  EXPECT_SAYS(tune({"--targets", "attn_x"}).err, "'attn_x' is no matrix");
  EXPECT_SAYS(zubr({"tune", "built-in", "no.jsonl", "-o", "mine"}).err, "'no.jsonl' is not here");
  EXPECT_SAYS(zubr({"tune", "built-in", "sorted.csv", "-o", "built-in"}).err, "built-in");
  EXPECT_SAYS(zubr({"eval", "built-in", "sorted.csv"}).err, "its keys (text, label");
}

}  // namespace
}  // namespace zubr::e2e
