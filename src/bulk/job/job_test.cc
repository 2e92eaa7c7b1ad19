// Whole jobs in this process, with a model that is none, stopped at any moment and taken up again.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "bulk/job/job_fixture.h"

namespace zubr::bulk {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

class Job : public testing::Test, public JobFixture {};

const std::string kClassify =
    "[[steps]]\nname = \"c\"\nkind = \"classify\"\ntext = \"t\"\nlabels = [\"red\", \"green\", \"blue\"]\n";

TEST_F(Job, WritesTheSameRowsInEveryFormat) {
  write("in.csv", "t,n\nab,1\n\"q\"\"x\",2\nżółć,3\n,4\nlast,5\n");
  const std::string steps =
      kClassify + "[[steps]]\nname = \"twice\"\nkind = \"transform\"\nsql = \"CAST(n AS INT) * 2\"\n";
  ASSERT_EQ(run(job_text("in.csv", steps, "out.csv")).state, jobs::JobState::kFinished);
  ASSERT_EQ(run(job_text("in.csv", steps, "out.parquet")).state, jobs::JobState::kFinished);
  ASSERT_EQ(run(job_text("in.csv", steps, "out.jsonl")).state, jobs::JobState::kFinished);
  EXPECT_THAT(content("out.csv"), HasSubstr("t,n,c,c_probability,c_margin,twice,error\nab,1,"));
  EXPECT_THAT(content("out.csv"), HasSubstr("\n\"q\"\"x\",2,"));
  EXPECT_THAT(content("out.csv"), HasSubstr("\n,4,,,,,the text is empty\n"));
  EXPECT_THAT(content("out.jsonl"), HasSubstr(R"({"t":"ab","n":"1","c":")"));
  EXPECT_THAT(content("out.jsonl"), HasSubstr(R"("twice":10,"error":null})"));
  // Parquet says the same again as CSV.
  run("[input]\nfiles = [\"out.parquet\"]\n[[steps]]\nname = \"x\"\nkind = \"transform\"\nsql = \"twice + 1\"\n"
      "[output]\nfile = \"back.csv\"\n");
  EXPECT_THAT(content("back.csv"), HasSubstr("\nlast,5,"));
  EXPECT_THAT(content("back.csv"), HasSubstr(",10,,11,\n"));
}

TEST_F(Job, ReadsManyFilesAndSqlOverThem) {
  write("a.csv", "t,n\none,1\ntwo,2\n");
  write("b.csv", "t,n\nthree,3\nfour,x\n");
  run("[input]\nfiles = [\"?.csv\"]\n[[steps]]\nname = \"u\"\nkind = \"transform\"\nsql = \"upper(t)\"\n"
      "[output]\nfile = \"out.csv\"\n");
  EXPECT_EQ(content("out.csv"), "t,n,u,error\none,1,ONE,\ntwo,2,TWO,\nthree,3,THREE,\nfour,x,FOUR,\n");
  fs::remove(path("b.csv"));
  run("[input]\nfiles = [\"a.csv\"]\nsql = \"SELECT n * 10 AS m, t FROM input ORDER BY n DESC\"\n"
      "[[steps]]\nname = \"k\"\nkind = \"transform\"\nsql = \"m + 1\"\n[output]\nfile = \"sql.csv\"\n");
  EXPECT_EQ(content("sql.csv"), "m,t,k,error\n20,two,21,\n10,one,11,\n");
}

TEST_F(Job, OneBadRowNeverStopsIt) {
  write("in.jsonl", "{\"t\":\"a\",\"n\":1}\nnot json\n{\"t\":\"b\",\"n\":\"x\"}\n{\"t\":\"c\",\"n\":0}\n");
  const JobStatus status = run(
      job_text("in.jsonl", "[[steps]]\nname = \"i\"\nkind = \"transform\"\nsql = \"CAST(n AS INT) + 1\"\n" + kClassify,
               "out.jsonl"));
  EXPECT_EQ(status.state, jobs::JobState::kFinished);
  EXPECT_EQ(status.failed_rows, 2);
  EXPECT_THAT(content("out.failed.jsonl"), HasSubstr("{\"row\":2,\"error\":\"line 2: "));
  EXPECT_THAT(content("out.failed.jsonl"), HasSubstr("\"input\":{\"t\":\"b\",\"n\":\"x\"}}"));
  EXPECT_THAT(content("out.jsonl"), HasSubstr("{\"t\":\"c\",\"n\":0,\"i\":1,\"c\":\""));
}

TEST_F(Job, OnErrorFailEndsItAndSaysWhichRow) {
  write("in.csv", "t\na\n\"\"\n");
  const JobStatus status = run(job_text("in.csv", kClassify + "on_error = \"fail\"\n", "out.csv"));
  EXPECT_EQ(status.state, jobs::JobState::kFailed);
  EXPECT_THAT(status.message, HasSubstr("step 'c' failed for row 2"));
  EXPECT_FALSE(fs::exists(path("out.csv")));
}

TEST_F(Job, DropsWhatIsNotTheFirstOfItsKindIfAsked) {
  write("in.csv", "t\nA b\na  B!\nc\na b\nC\n");
  const std::string dedupe = "[[steps]]\nname = \"first\"\nkind = \"dedupe\"\nby = [\"t\"]\nmatch = \"normalised\"\n";
  EXPECT_EQ(run(job_text("in.csv", dedupe, "all.csv")).duplicate_rows, 3);
  EXPECT_EQ(content("all.csv"), "t,first,error\nA b,1,\na  B!,1,\nc,3,\na b,1,\nC,3,\n");
  run(job_text("in.csv", dedupe + "drop = true\n", "few.csv"));
  EXPECT_EQ(content("few.csv"), "t,first,error\nA b,1,\nc,3,\n");
}

// A model that refuses some texts, as long as it is told to.
class Refusing : public inference::FakeBackend {
 public:
  class Scorer : public inference::LabelScorer {
   public:
    Scorer(std::unique_ptr<LabelScorer> inner, const Refusing& owner) : inner_(std::move(inner)), owner_(owner) {}
    inference::ScorerLimits limits() const override { return inner_->limits(); }
    inference::ScorerStats stats() const override { return inner_->stats(); }
    std::span<const int> label_tokens() const override { return inner_->label_tokens(); }
    Result<inference::PreparedText> prepare(std::string_view text) const override { return inner_->prepare(text); }
    Result<std::vector<inference::LabelScores>> score(std::span<const inference::PreparedText> rows,
                                                      std::stop_token stop) override {
      for (const auto& row : rows)
        if (owner_.refuses && row.tokens.front() == 'z') return fail(owner_.code, "it begins with z");
      return inner_->score(rows, stop);
    }

   private:
    std::unique_ptr<LabelScorer> inner_;
    const Refusing& owner_;
  };
  Result<std::unique_ptr<inference::LabelScorer>> open_labels(const inference::LabelTask& task,
                                                              std::stop_token stop) override {
    ZUBR_TRY(inner, FakeBackend::open_labels(task, stop));
    return std::make_unique<Scorer>(std::move(inner), *this);
  }
  bool refuses = true;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

TEST_F(Job, FindsTheRowThatAModelRefusesAmongItsBatchAndRetriesIt) {
  const auto model = std::make_shared<Refusing>();
  backend_ = model;
  shard_rows_ = 100;
  std::string text = "t\n";
  for (int i = 0; i < 90; ++i) text += (i % 31 == 30 ? "z" : "a") + std::to_string(i) + "\n";
  write("in.csv", text);
  const jobs::JobFolder folder = create(job_text("in.csv", kClassify, "out.csv"));
  EXPECT_EQ(run_job(folder, services(), {})->failed_rows, 2);
  EXPECT_THAT(content("out.failed.jsonl"), HasSubstr(R"({"row":31,"error":"it begins with z","attempts":1,)"));
  EXPECT_EQ(*retry_failed_rows(folder), 2);
  EXPECT_EQ(run_job(folder, services(), {})->failed_rows, 2);
  EXPECT_THAT(content("out.failed.jsonl"), HasSubstr("\"attempts\":2"));
  model->refuses = false;
  EXPECT_EQ(*retry_failed_rows(folder), 2);
  EXPECT_EQ(run_job(folder, services(), {})->failed_rows, 0);
  EXPECT_FALSE(fs::exists(path("out.failed.jsonl")));
  run(job_text("in.csv", kClassify, "plain.csv"));
  EXPECT_EQ(content("out.csv"), content("plain.csv"));
}

TEST_F(Job, AModelWithoutMemoryPausesItAndItGoesOn) {
  const auto model = std::make_shared<Refusing>();
  model->code = ErrorCode::kOutOfMemory;
  backend_ = model;
  write("in.csv", "t\na\nb\nc\nd\nz\ne\n");
  const jobs::JobFolder folder = create(job_text("in.csv", kClassify, "out.csv"));
  const auto paused = run_job(folder, services(), {});
  EXPECT_EQ(paused->state, jobs::JobState::kPaused);
  EXPECT_EQ(paused->message, "it begins with z");
  EXPECT_EQ(paused->done_rows, 3);
  model->refuses = false;
  EXPECT_EQ(run_job(folder, services(), {})->state, jobs::JobState::kFinished);
}

TEST_F(Job, EscalatesRowsOfWhichTheFirstModelIsNotSure) {
  write("in.csv", "t\na\nb\nc\nd\ne\nf\n");
  run(job_text("in.csv", kClassify + "escalate = { model = \"big\", below = 1 }\n", "out.csv"));
  EXPECT_THAT(content("out.csv"), HasSubstr("t,c,c_probability,c_margin,c_model,error\n"));
  EXPECT_THAT(content("out.csv"), HasSubstr(",fake,\n"));
}

TEST_F(Job, RefusesInputThatChangedWhileItWasRead) {
  write("in.csv", "t\na\nb\nc\nd\n");
  const jobs::JobFolder folder = create(job_text("in.csv", kClassify, "out.csv"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run_job(folder, services(), stop.get_token())->state, jobs::JobState::kPaused);
  write("in.csv", "t\na\nb\nc\nd\ne\n");
  const auto failed = run_job(folder, services(), {});
  EXPECT_EQ(failed->state, jobs::JobState::kFailed);
  EXPECT_THAT(failed->message, HasSubstr("the input files changed"));
}

TEST_F(Job, ACancelledOneDoesNotGoOnAndGivesWhatItHas) {
  write("in.csv", "t\na\nb\n");
  const jobs::JobFolder folder = create(job_text("in.csv", kClassify, "out.csv"));
  EXPECT_EQ(cancel_job(folder)->state, jobs::JobState::kCancelled);
  EXPECT_EQ(run_job(folder, services(), {}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(export_job(folder, path("x.csv"), formats::TableFormat::kCsv, {}).error().code(), ErrorCode::kUnavailable);
}

// Stopped after any number of signs of life and taken up again, until it is done: the same bytes, in shards of any
// size.
TEST(JobProperty, StoppedAnywhereGivesTheSameBytes) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned end) { return static_cast<int>(random() % end); };
    JobFixture job;
    std::string text = "t,n\n";
    for (int i = 0, rows = 1 + below(60); i < rows; ++i) {
      for (int letters = below(3); letters > 0; --letters) text += static_cast<char>('a' + below(3));
      text += "," + (i % 7 == 6 ? "x" : std::to_string(i)) + "\n";
    }
    job.write("in.csv", text);
    const std::string steps =
        "[[steps]]\nname = \"f\"\nkind = \"dedupe\"\nby = [\"t\"]\n"
        "[[steps]]\nname = \"i\"\nkind = \"transform\"\nsql = \"CAST(n AS INT)\"\n" +
        kClassify + "when = \"i % 2 = 0\"\n";
    const bool split = below(2) == 1;
    const std::string each = split ? "rows_per_file = 4\n" : "";
    job.shard_rows_ = 1000;
    ASSERT_EQ(job.run(job_text("in.csv", steps, "whole.csv")).state, jobs::JobState::kFinished);
    job.shard_rows_ = 1 + below(8);
    const jobs::JobFolder folder = job.create(job_text("in.csv", steps, "out.csv") + each);
    for (int round = 0;; ++round) {
      std::stop_source stop;
      int left = round > 4 ? 1'000'000 : 1 + below(12);
      JobServices services = job.services();
      services.progress = [&](const JobProgress&) {
        if (--left == 0) stop.request_stop();
      };
      const auto status = run_job(folder, services, stop.get_token());
      ASSERT_TRUE(status);
      if (status->state == jobs::JobState::kFinished) break;
      ASSERT_EQ(status->state, jobs::JobState::kPaused) << status->message;
      ASSERT_FALSE(fs::exists(job.path("out.csv")));
    }
    std::string out = job.content("out.csv");
    for (int file = 1; fs::exists(job.path(fmt::format("out-{:05}.csv", file))); ++file) {
      const std::string part = job.content(fmt::format("out-{:05}.csv", file));
      out += file == 1 ? part : part.substr(part.find('\n') + 1);
    }
    ASSERT_EQ(out, job.content("whole.csv"));
  }
}

// kill -9 of a process at random moments, again and again: the bytes of a run that nothing disturbed, CSV and Parquet.
// ZUBR_FAULT_SEEDS=1000 for a long run. tests/e2e/jobs_test.cc does the same to the whole program.
TEST(JobProcess, KilledAtRandomMomentsGivesTheSameBytes) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP()
      << "the thread sanitizer cannot fork a process that holds as many locks as DuckDB's allocator takes then";
#endif
  const char* wanted = std::getenv("ZUBR_FAULT_SEEDS");
  const int seeds = wanted != nullptr ? std::atoi(wanted) : 6;
  JobFixture job;
  job.backend_ =
      std::make_shared<inference::FakeBackend>(inference::FakeOptions{.per_row = std::chrono::microseconds(20)});
  job.shard_rows_ = 500;
  std::string text = "t,n\n";
  for (int i = 0; i < 8000; ++i) text += fmt::format("word {},{}\n", i * 7919 % 6000, i % 501 == 500 ? "x" : "1");
  job.write("in.csv", text);
  const std::string steps =
      "[[steps]]\nname = \"f\"\nkind = \"dedupe\"\nby = [\"t\"]\n"
      "[[steps]]\nname = \"i\"\nkind = \"transform\"\nsql = \"CAST(n AS INT) + row_number\"\n" +
      kClassify;
  const auto began = std::chrono::steady_clock::now();
  for (const char* name : {"whole.csv", "whole.parquet"}) job.run(job_text("in.csv", steps, name));
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began) / 2;
  int kills = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const std::string extension = seed % 2 == 0 ? ".csv" : ".parquet";
    fs::remove_all(job.path("home"));
    const jobs::JobFolder folder = job.create(job_text("in.csv", steps, "out" + extension));
    for (int round = 0;; ++round) {
      const pid_t child = ::fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        const auto status = run_job(folder, job.services(), {});
        ::_exit(status && status->state == jobs::JobState::kFinished ? 0 : 3);
      }
      if (round < 8) {
        ::usleep(static_cast<useconds_t>(random() % static_cast<unsigned>(took.count())));
        ::kill(child, SIGKILL);
      }
      int ended = 0;
      ASSERT_EQ(::waitpid(child, &ended, 0), child);
      if (WIFEXITED(ended)) {
        ASSERT_EQ(WEXITSTATUS(ended), 0) << "seed " << seed;
        break;
      }
      ++kills;
    }
    ASSERT_TRUE(job.content("out" + extension) == job.content("whole" + extension)) << "seed " << seed;
    fs::remove(job.path("out" + extension));
  }
  std::fprintf(stderr, "killed %d times in %d seeds: the same bytes\n", kills, seeds);
}

}  // namespace
}  // namespace zubr::bulk
