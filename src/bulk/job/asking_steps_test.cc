// generate, extract, embed, and what is kept of their answers.
#include <atomic>
#include <mutex>

#include "bulk/job/job_fixture.h"
#include "bulk/job/schema_fields.h"

namespace zubr::bulk {
namespace {
using testing::HasSubstr;

// Answers with a function of the prompt, and remembers what it was asked.
class Talker : public inference::FakeBackend {
 public:
  using Answer = std::function<Result<inference::Generation>(const std::string& prompt)>;
  explicit Talker(Answer answer) : answer_(std::move(answer)) {}

  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink&,
                                         std::stop_token) override {
    std::string prompt;
    for (const auto& said : request.messages) prompt += said.content;
    {
      const std::lock_guard lock(mutex_);
      prompts.push_back(prompt);
    }
    return answer_(prompt);
  }
  std::vector<std::string> prompts;

 private:
  std::mutex mutex_;
  Answer answer_;
};

inference::Generation said(std::string text) {
  inference::Generation generation;
  generation.text = std::move(text);
  return generation;
}

class Asking : public testing::Test, public JobFixture {
 protected:
  std::shared_ptr<Talker> talk(Talker::Answer answer) {
    auto talker = std::make_shared<Talker>(std::move(answer));
    backend_ = talker;
    return talker;
  }
};

const std::string kGenerate = "[[steps]]\nname = \"g\"\nkind = \"generate\"\nprompt = \"Say {{t}} {{ n }}!\"\n";

TEST_F(Asking, GenerateFillsThePromptAndAsksEachOnce) {
  const auto talker = talk([](const std::string& prompt) { return said("<" + prompt + ">"); });
  write("in.csv", "t,n\na,1\na,1\n{{n}},2\n,\nb,\n");
  shard_rows_ = 100;
  const JobStatus status = run(job_text("in.csv", kGenerate, "out.csv"));
  EXPECT_EQ(status.failed_rows, 1);
  EXPECT_EQ(content("out.csv"),
            "t,n,g,error\na,1,<Say a 1!>,\na,1,<Say a 1!>,\n{{n}},2,<Say {{n}} 2!>,\n,,,the text is empty\nb,,<Say b "
            "!>,\n");
  EXPECT_EQ(talker->prompts.size(), 3u);
}

TEST_F(Asking, ManyAtATimeGiveTheSameInOrder) {
  talk([](const std::string& prompt) { return said(prompt); });
  std::string text = "t,n\n";
  for (int i = 0; i < 500; ++i) text += "w" + std::to_string(i) + ",1\n";
  write("in.csv", text);
  shard_rows_ = 100;
  run(job_text("in.csv", kGenerate, "one.csv"));
  run(job_text("in.csv", kGenerate, "many.csv") + "[limits]\nconcurrency = 8\n");
  EXPECT_EQ(content("many.csv"), content("one.csv"));
  EXPECT_THAT(content("many.csv"), HasSubstr("w499,1,Say w499 1!,"));
}

const std::string kSchema = R"({"type":"object","properties":{"number":{"type":"string"},"total":{"type":"number"},)"
                            R"("paid":{"type":"boolean"}}})";
const std::string kExtract =
    "[[steps]]\nname = \"x\"\nkind = \"extract\"\nprompt = \"{{t}}\"\nschema = '" + kSchema + "'\n";

TEST_F(Asking, ExtractGivesTypedColumnsAndRepairsOnce) {
  const auto talker = talk([](const std::string& prompt) -> Result<inference::Generation> {
    if (prompt.find("hopeless") != std::string::npos) return said("{\"total\": \"much\"}");
    if (prompt.find("refused") == std::string::npos && prompt.find("again") != std::string::npos) return said("{oops");
    return said(R"({"number":"A 1","total":12.5,"paid":null})");
  });
  write("in.csv", "t\ngood\nagain\nhopeless\n");
  run(job_text("in.csv", kExtract, "out.jsonl"));
  EXPECT_THAT(content("out.jsonl"),
              HasSubstr(R"({"t":"again","x":{"number":"A 1","total":12.5,"paid":null},"x_number":"A 1","x_total":12.5,)"
                        R"("x_paid":null,"error":null})"));
  EXPECT_THAT(content("out.jsonl"), HasSubstr("\"error\":\"'total' of the answer is no DOUBLE\""));
  EXPECT_EQ(talker->prompts.size(), 5u);
}

TEST_F(Asking, AnAnswerThatIsCutIsAnErrorOfItsRow) {
  talk([](const std::string&) {
    inference::Generation cut = said("half");
    cut.finish = inference::FinishReason::kLength;
    return cut;
  });
  write("in.csv", "t,n\na,1\n");
  run(job_text("in.csv", kGenerate + "max_tokens = 7\n", "out.csv"));
  EXPECT_THAT(content("out.csv"), HasSubstr("the answer was not whole after 7 tokens"));
}

TEST_F(Asking, EmbedGivesAVectorForEachText) {
  write("in.csv", "t\na\n\"\"\nb\n");
  run(job_text("in.csv", "[[steps]]\nname = \"v\"\nkind = \"embed\"\ntext = \"t\"\n", "out.jsonl"));
  EXPECT_THAT(content("out.jsonl"), HasSubstr(R"({"t":"a","v":[0.)"));
  EXPECT_THAT(content("out.jsonl"), HasSubstr(R"({"t":"","v":null,"error":"the text is empty"})"));
}

// What has been answered slowly enough is known to the next job; only the step that changed is asked again.
TEST_F(Asking, AnotherJobAsksOnlyWhatIsNew) {
  const auto talker = talk([](const std::string& prompt) { return said(prompt); });
  write("in.csv", "t,n\na,1\nb,2\n");
  struct Slow : core::Clock {
    TimePoint now() const override { return TimePoint(std::chrono::seconds(++ticks)); }
    std::chrono::system_clock::time_point wall() const override { return {}; }
    mutable std::atomic<int> ticks{1};
  } slow;
  JobServices services = this->services();
  services.clock = &slow;
  const std::string second = "[[steps]]\nname = \"h\"\nkind = \"generate\"\nprompt = \"Shorter: {{g}}\"\n";
  ASSERT_EQ(run_job(create(job_text("in.csv", kGenerate + second, "a.csv")), services, {})->state,
            jobs::JobState::kFinished);
  EXPECT_EQ(talker->prompts.size(), 4u);
  ASSERT_EQ(run_job(create(job_text("in.csv", kGenerate + second, "b.csv")), services, {})->state,
            jobs::JobState::kFinished);
  EXPECT_EQ(talker->prompts.size(), 4u);
  EXPECT_EQ(content("a.csv"), content("b.csv"));
  const std::string other = "[[steps]]\nname = \"h\"\nkind = \"generate\"\nprompt = \"Longer: {{g}}\"\n";
  ASSERT_EQ(run_job(create(job_text("in.csv", kGenerate + other, "c.csv")), services, {})->state,
            jobs::JobState::kFinished);
  EXPECT_EQ(talker->prompts.size(), 6u);
  EXPECT_THAT(talker->prompts.back(), HasSubstr("Longer: Say "));
}

TEST(SchemaFields, AreTheColumnsOfItsProperties) {
  const auto fields =
      schema_fields(R"({"properties":{"a":{"type":["string","null"]},"b":{"type":"integer"},"c":{"type":"array"},)"
                    R"("d":{"enum":["x"]}}})");
  ASSERT_TRUE(fields);
  std::string all;
  for (const auto& field : *fields) all += field.property + ":" + field.type + " ";
  EXPECT_EQ(all, "a:VARCHAR b:BIGINT c:JSON d:VARCHAR ");
  EXPECT_EQ(schema_fields("[]").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(schema_fields("{").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(*read_fields(R"({"a":"q","c":[1]})", *fields),
            (std::vector<formats::Value>{"q", std::nullopt, "[1]", std::nullopt}));
}

}  // namespace
}  // namespace zubr::bulk
