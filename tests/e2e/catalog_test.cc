// The catalog as a user works with it: updated from servers of our own, killed in the middle.
#include <signal.h>

#include <atomic>

#include "catalog/testing/fixture.h"
#include "e2e/zubr_test.h"
#include "net/testing/fault_server.h"

namespace zubr::e2e {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;

class CatalogTest : public ZubrTest {
 protected:
  Command at(const FaultServer& server, std::vector<std::string> arguments) const {
    Command made = command(std::move(arguments));
    const std::string base = server.base();
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"HF_ENDPOINT", base},
                                            {"HF_TOKEN", "hf_secret"},
                                            {"OLLAMA_REGISTRY", base},
                                            {"OPENROUTER_BASE_URL", base + "/or"},
                                            {"ZUBR_CATALOG_OLLAMA_URL", base},
                                            {"ZUBR_CATALOG_LITELLM_URL", base + "/litellm.json"},
                                            {"ZUBR_CATALOG_MODELS_DEV_URL", base + "/models_dev.json"},
                                            {"ZUBR_CATALOG_LMARENA_URL", base + "/arena"},
                                            {"ZUBR_CATALOG_AIDER_URL", base + "/aider"},
                                            {"ZUBR_CATALOG_OPEN_LLM_URL", base},
                                            {"ZUBR_NET_PROXY", "none"}})
      made.environment[name] = value;
    return made;
  }
};

// Page n of three of Hugging Face.
int page_of(const Received& request) {
  const std::size_t cursor = request.target.find("cursor=");
  return cursor == std::string::npos ? 0 : std::stoi(request.target.substr(cursor + 7));
}
Reply page(const Received& request) {
  const int number = page_of(request);
  net::Headers headers;
  if (number < 2) headers.add("Link", "</api/models?cursor=" + std::to_string(number + 1) + ">; rel=\"next\"");
  return catalog::testing::json_reply("[{\"id\":\"zubr-e2e/page-" + std::to_string(number) + "\"}]", headers);
}

TEST_F(CatalogTest, IsUpdatedFromEverySource) {
  FaultServer server(&catalog::testing::all_sources);
  const Finished done = run(at(server, {"catalog", "update"}));
  EXPECT_EQ(done.status, 0) << done.err;
  for (const char* part :
       {"openrouter-endpoints", "models.dev", "hf-leaderboard", "hf-datasets", "up to date", "new in "})
    EXPECT_SAYS(done.out, part);
  EXPECT_EQ(done.err.find("hf_secret"), std::string::npos);
  for (const Received& request : server.requests()) {
    const bool of_the_hub = request.path().starts_with("/api/");
    EXPECT_EQ(request.headers.get("authorization").empty(), !of_the_hub) << request.target;
  }
  const Finished shown = zubr({"show", "speakleash/Bielik-11B-v2.3-Instruct", "--json"});
  EXPECT_SAYS(shown.out, "\"hf.co/someone/Bielik-11B-v2.3-Instruct-GGUF:Q4_K_M\"");
  EXPECT_SAYS(shown.out, "\"price_history\"");
  EXPECT_SAYS(zubr({"catalog", "sources"}).out, server.base());
}

TEST_F(CatalogTest, SaysAsJsonWhatChangedAndKeepsNothingOfATrial) {
  FaultServer server(&catalog::testing::all_sources);
  const Finished trial =
      run(at(server, {"catalog", "update", "--source", "hf", "--limit", "1", "--dry-run", "--json"}));
  EXPECT_EQ(trial.status, 0) << trial.err;
  for (const char* part : {"\"dry_run\": true", "\"source\": \"hf\"", "\"read\": 1", "\"price_changes\": 0"})
    EXPECT_SAYS(trial.out, part);
  EXPECT_SAYS(trial.err, "nothing was kept");
  EXPECT_EQ(zubr({"catalog", "sources"}).out.find(server.base()), std::string::npos);
}

TEST_F(CatalogTest, GoesOnAfterBeingKilled) {
  std::atomic<bool> hang{true};
  std::atomic<int> asked{0};
  FaultServer server([&](const Received& request) {
    Reply reply = page(request);
    if (page_of(request) == 2 && hang) reply.stall_after = 3;
    ++asked;
    return reply;
  });
  {
    Process killed(at(server, {"catalog", "update", "--source", "hf", "--log-level", "error"}));
    while (asked < 3) killed.wait_for_error_text("never said", std::chrono::seconds(0));
    killed.send_signal(SIGKILL);
    EXPECT_EQ(killed.finish().status, 1000 + SIGKILL);
  }
  EXPECT_EQ(zubr({"search", "zubr-e2e"}).status, 3) << "half a source is never seen";
  hang = false;
  const Finished done = run(at(server, {"catalog", "update", "--source", "hf"}));
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.out, "went on");
  EXPECT_EQ(asked, 4) << "pages 0 and 1 are not asked for again";
  for (const char* name : {"zubr-e2e/page-0", "zubr-e2e/page-1", "zubr-e2e/page-2"})
    EXPECT_SAYS(zubr({"search", "zubr-e2e"}).out, name);
}

TEST_F(CatalogTest, StopsCleanlyAndSaysThatWorkIsKept) {
  std::atomic<bool> hang{true};
  std::atomic<int> asked{0};
  FaultServer server([&](const Received& request) {
    Reply reply = page(request);
    if (page_of(request) == 1 && hang) reply.stall_after = 3;
    ++asked;
    return reply;
  });
  Process stopped(at(server, {"catalog", "update", "--source", "hf"}));
  while (asked < 2) stopped.wait_for_error_text("never said", std::chrono::seconds(0));
  stopped.send_signal(SIGINT);
  const Finished end = stopped.finish();
  EXPECT_EQ(end.status, 130) << end.err;
  EXPECT_SAYS(end.err, "what was read is kept");
}

TEST_F(CatalogTest, SaysWhichServerFailsAndReadsTheOthers) {
  FaultServer server([](const Received& request) -> Reply {
    if (request.path() == "/litellm.json") return {.status = 404};
    return catalog::testing::all_sources(request);
  });
  const Finished done = run(at(server, {"catalog", "update", "--source", "litellm", "--source", "models.dev"}));
  EXPECT_EQ(done.status, 3);
  EXPECT_SAYS(done.err, "catalog.litellm_url");
  EXPECT_SAYS(done.err, "127.0.0.1");
  EXPECT_SAYS(done.out, "failed");
  EXPECT_SAYS(done.out, "up to date");
  const Finished polish = run(at(server, {"catalog", "update", "--source", "litellm", "--language", "pl"}));
  EXPECT_SAYS(polish.err, "odpowiada statusem 404; czy ustawienie catalog.litellm_url jest dobre?");
}

TEST_F(CatalogTest, RefusesWishesThatCannotBe) {
  for (const auto& [arguments, says] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--source", "nobody"}, "one of openrouter"},
           {{"--sort", "colour"}, "one of trending"},
           {{"--source", "aider", "--search", "x"}, "filters are only"},
           {{"--source", "hf-datasets", "--params", "7b"}, "is for models"},
           {{"--gated", "--not-gated"}, "leave nothing"},
           {{"--params", "large"}, "no range"}}) {
    std::vector<std::string> all{"catalog", "update"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Finished refused = zubr(all);
    EXPECT_EQ(refused.status, 2);
    EXPECT_SAYS(refused.err, says);
  }
}

TEST_F(CatalogTest, TakesALeaderboardOfAnybody) {
  write("exams.csv", "model;points\nspeakleash/Bielik-11B-v2.3-Instruct;81,5\nmeta-llama/Llama-3.1-8B-Instruct;62.5\n");
  const Finished done =
      zubr({"leaderboard", "import", "exams.csv", "--benchmark", "exams", "--score-column", "points"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.err, "exams: 2 new");
  const Finished board = zubr({"leaderboard", "--benchmark", "exams"});
  EXPECT_SAYS(board.out, "speakleash/Bielik-11B-v2.3-Instruct");
  EXPECT_SAYS(zubr({"leaderboard", "import", "exams.csv", "--benchmark", "exams"}).err, "model, points");
}

}  // namespace
}  // namespace zubr::e2e
