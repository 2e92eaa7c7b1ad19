// zubr job: the commands, and what a job survives. The model is a fake one (test:fake) whose answers are a function of
// the text, so that every run must give the same bytes.
//
// ZUBR_FAULT_SEEDS=1000 runs the test of kill -9 with so many seeds instead of a few.
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

class Jobs : public ZubrTest {
 protected:
  // Rows with repeats, and some that cannot be read or classified.
  void write_input(int rows) const {
    std::string text = "id,keyword,clicks\n";
    for (int row = 0; row < rows; ++row) {
      if (row % 9001 == 9000) {
        text += std::to_string(row) + ",one field too few\n";
      } else if (row % 7001 == 7000) {
        text += std::to_string(row) + "," + std::string(5000, 'x') + ",1\n";  // over the fake's context
      } else if (row % 5003 == 5002) {
        text += std::to_string(row) + ",broken \xff\xfe bytes,2\n";
      } else {
        const int word =
            static_cast<int>(static_cast<unsigned>(row) * 2654435761u % static_cast<unsigned>(rows)) * 7 / 10;
        text +=
            std::to_string(row) + ",\"Buty  zimowe " + std::to_string(word) + "\"," + std::to_string(row % 97) + "\n";
      }
    }
    write("in.csv", text);
  }

  void write_job(const std::string& output, const std::string& model = "test:fake:4") const {
    write("job.toml",
          "name = \"shoes\"\n[input]\nfiles = [\"in.csv\"]\nid = \"id\"\n"
          "[[steps]]\nname = \"first\"\nkind = \"dedupe\"\nby = [\"keyword\"]\nmatch = \"normalised\"\n"
          "[[steps]]\nname = \"clean\"\nkind = \"transform\"\nsql = \"lower(keyword)\"\n"
          "[[steps]]\nname = \"half\"\nkind = \"transform\"\nsql = \"CAST(clicks AS INTEGER) // 2\"\n"
          "[[steps]]\nname = \"category\"\nkind = \"classify\"\nmodel = \"" +
              model +
              "\"\ntext = \"clean\"\n"
              "labels = [\"Shoes\", \"Phones\", \"Books\", \"Toys\"]\nwhen = \"half > 3\"\n"
              "[output]\nfile = \"" +
              output + "\"\n");
  }

  static std::string id_of(const Finished& run) {
    const std::size_t at = run.err.find("job shoes-");
    return at == std::string::npos ? std::string() : run.err.substr(at + 4, run.err.find('\n', at) - at - 4);
  }

  static std::size_t count(const std::string& text, char c) {
    return static_cast<std::size_t>(std::ranges::count(text, c));
  }
};

TEST_F(Jobs, GiveEveryRowItsColumnsInInputOrder) {
  write("in.csv", "id,keyword,clicks\n1,Red shoes,10\n2,red  SHOES!,12\n3,,50\n4,phone\n5,\"a, b\",x\n6,lamp,2\n");
  write_job("out.csv", "test:fake");
  const Finished done = zubr({"job", "run", "job.toml"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "6 rows are in ");
  EXPECT_SAYS(done.err, "3 of them failed");
  const std::string out = read(path("out.csv"));
  EXPECT_SAYS(out, "id,keyword,clicks,first,clean,half,category,category_probability,category_margin,error\n");
  EXPECT_SAYS(out, "\n1,Red shoes,10,1,red shoes,5,");
  EXPECT_SAYS(out, "\n2,red  SHOES!,12,1,red  shoes!,6,");
  EXPECT_SAYS(out, "\n6,lamp,2,6,lamp,1,,,,\n");
  const std::string dead = read(path("out.failed.jsonl"));
  EXPECT_EQ(count(dead, '\n'), 3u) << dead;
  EXPECT_SAYS(dead, R"({"row":4,"id":"4","error":")");
  EXPECT_SAYS(dead, R"("attempts":1,"input":{"id":"5","keyword":"a, b","clicks":"x"}})");
}

TEST_F(Jobs, AreListedShownExportedAndRemoved) {
  write_input(200);
  write_job("out.jsonl", "test:fake");
  const Finished done = zubr({"job", "run", "job.toml", "--json"});
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.out, "\"state\": \"finished\"");
  EXPECT_SAYS(done.out, "\"rows\": 200");
  const std::string id = id_of(done);
  EXPECT_SAYS(zubr({"job", "list"}).out, id);
  EXPECT_SAYS(zubr({"job", "status", "shoes"}).out, "200 of 200");
  EXPECT_SAYS(zubr({"job", "watch", id, "--json"}).out, "\"rows_done\": 200");
  EXPECT_EQ(zubr({"job", "export", id, "again.jsonl"}).status, 0);
  EXPECT_EQ(read(path("again.jsonl")), read(path("out.jsonl")));
  EXPECT_EQ(zubr({"job", "export", id, "again.parquet"}).status, 0);
  EXPECT_EQ(zubr({"job", "pause", id}).status, 2);  // it is finished
  EXPECT_EQ(zubr({"job", "rm", id}).status, 0);
  EXPECT_EQ(zubr({"job", "list", "--json"}).out, "[]\n");
  EXPECT_EQ(count(read(path("out.jsonl")), '\n'), 200u);
  EXPECT_SAYS(zubr({"job", "status", id}).err, "there is no job");
}

TEST_F(Jobs, SayWhatIsWrongWithTheirFileBeforeAnythingRuns) {
  write_input(10);
  write_job("out.csv", "test:fake");
  const std::string good = read(path("job.toml"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    write("bad.toml", text);
    return zubr({"job", "run", "bad.toml"});
  };
  EXPECT_SAYS(with("by = ", "buy = ").err, "bad.toml:8: [[steps]] 1 has no 'buy'; did you mean 'by'?");
  EXPECT_SAYS(with("\"in.csv\"", "\"nothing.csv\"").err, "there is no file");
  EXPECT_SAYS(with("kind = \"transform\"", "kind = \"transfrom\"").err, "it must be one of");
  EXPECT_SAYS(with("text = \"clean\"", "text = \"claen\"").err, "there is no column 'claen'; there are: id, keyword");
  EXPECT_SAYS(with("sql = \"lower(keyword)\"", "sql = \"lower(keywrod)\"").err, "keywrod");
  EXPECT_SAYS(with("when = \"half > 3\"", "when = \"half\"").err, "'when' must be true or false");
  EXPECT_FALSE(std::filesystem::exists(path("out.csv")));
}

TEST_F(Jobs, PauseOnControlCWithTheirWorkAndGoOn) {
  write_input(20000);
  write_job("plain.csv", "test:fake");
  ASSERT_EQ(zubr({"job", "run", "job.toml"}).status, 0);
  write_job("out.csv", "test:fake:200");
  Process running(command({"job", "run", "job.toml"}));
  ASSERT_TRUE(running.wait_for_error_text("finding duplicates"));
  running.send_signal(SIGINT);
  const Finished paused = running.finish();
  EXPECT_EQ(paused.status, 130) << paused.err;
  EXPECT_SAYS(paused.err, "is paused");
  const std::string id = id_of(paused);
  EXPECT_SAYS(paused.err, "go on with: zubr job resume " + id);
  EXPECT_FALSE(std::filesystem::exists(path("out.csv")));
  const Finished done = zubr({"job", "resume", id});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(read(path("out.csv")), read(path("plain.csv")));
}

// Whatever is killed and when, and however often: the bytes are those of a run that nothing disturbed.
TEST_F(Jobs, SurviveKillsAtRandomMoments) {
  const char* wanted = std::getenv("ZUBR_FAULT_SEEDS");
  const int seeds = wanted != nullptr ? std::atoi(wanted) : 4;
  constexpr int kRows = 100'000;
  write_input(kRows);
  write_job("plain.csv");
  const auto began = std::chrono::steady_clock::now();
  const Finished undisturbed = zubr({"job", "run", "job.toml"});
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began);
  ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
  const std::string expected = read(path("plain.csv"));
  const std::string expected_dead = read(path("plain.failed.jsonl"));
  ASSERT_EQ(count(expected, '\n'), kRows + 1u);
  write_job("out.csv");
  int kills = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    std::filesystem::remove_all(path("home"));  // the answers of other seeds too
    std::filesystem::remove(path("out.csv"));
    std::string id;
    for (int round = 0;; ++round) {
      const bool last = round == 8;
      Process process(command(id.empty() ? std::vector<std::string>{"job", "run", "job.toml"}
                                         : std::vector<std::string>{"job", "resume", id}));
      if (!last) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<unsigned>(whole.count())));
        process.send_signal(SIGKILL);
      }
      const Finished ended = process.finish();
      if (id.empty()) id = id_of(ended);
      if (ended.status == 0) break;
      ASSERT_EQ(ended.status, 1000 + SIGKILL) << "seed " << seed << ": " << ended.err;
      ++kills;
    }
    ASSERT_EQ(read(path("out.csv")), expected) << "seed " << seed;
    ASSERT_EQ(read(path("out.failed.jsonl")), expected_dead) << "seed " << seed;
  }
  std::fprintf(stderr, "killed %d times in %d seeds: 0 rows lost, 0 twice, the same bytes\n", kills, seeds);
}

// With the model that the program has built in.
TEST_F(Jobs, OfTheExamplesRun) {
  std::filesystem::copy("examples", path("examples"), std::filesystem::copy_options::recursive);
  const auto run_example = [&](const std::string& name) {
    const Finished done = zubr({"job", "run", "examples/jobs/" + name + ".toml"});
    EXPECT_EQ(done.status, 0) << done.err;
    return done.err;
  };
  if (zubr({"models", "list"}).out.find("built-in") == std::string::npos) GTEST_SKIP() << "no built-in model";
  run_example("keyword_categories");
  const std::string sorted = read(path("examples/jobs/keyword_categories.csv"));
  EXPECT_EQ(count(sorted, '\n'), 371u);
  std::size_t right = 0;
  for (std::size_t at = sorted.find(",true,"); at != std::string::npos; at = sorted.find(",true,", at + 1)) ++right;
  EXPECT_GT(right, 250u);
  run_example("product_tree");
  EXPECT_SAYS(read(path("examples/jobs/product_tree.jsonl")), R"("path":"Clothing and shoes > )");
  EXPECT_SAYS(run_example("invoice_fields"), "1 of them failed");
  EXPECT_SAYS(read(path("examples/jobs/invoice_fields.failed.jsonl")), R"({"row":5,"id":"2026-05.pdf","error":)");
  run_example("workflow");
  EXPECT_SAYS(read(path("examples/jobs/workflow.csv")), "keyword,language,first_row,category,");
}

TEST_F(Jobs, PauseOnAFullDiskWithTheirWorkSafe) {
  const auto disk = path("small");
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=3m") != 0)
    GTEST_SKIP() << "no right to mount a tmpfs: the test of a full disk is skipped";
  write_input(60000);
  write_job("plain.csv", "test:fake");
  ASSERT_EQ(zubr({"job", "run", "job.toml"}).status, 0);
  write_job("out.csv", "test:fake");
  Command full = command({"job", "run", "job.toml"});
  full.environment["ZUBR_HOME"] = disk.string();
  const Finished paused = run(full);
  EXPECT_EQ(paused.status, 1) << paused.err;
  EXPECT_SAYS(paused.err, "No space left");
  EXPECT_SAYS(paused.err, "go on with: zubr job resume ");
  EXPECT_FALSE(std::filesystem::exists(path("out.csv")));
  EXPECT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=200m"), 0);
  full.arguments = {binary_, "job", "resume", "shoes"};
  const Finished done = run(full);
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(read(path("out.csv")), read(path("plain.csv")));
  ::umount(disk.c_str());
}

}  // namespace
}  // namespace zubr::e2e
