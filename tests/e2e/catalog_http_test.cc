// /api/catalog of the real program: the same as the commands print with --json.
#include <signal.h>

#include "e2e/zubr_test.h"
#include "net/http_client.h"

namespace zubr::e2e {
namespace {

class CatalogHttp : public ZubrTest {
 protected:
  std::string ask(const std::string& target) {
    net::HttpClient client(net::HttpOptions{.proxy = "none"});
    const auto answer = client.fetch({.url = base_ + "/api/catalog/" + target}, {});
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? answer->body : std::string();
  }
  std::string base_;
};

TEST_F(CatalogHttp, AnswersWhatTheCommandsPrint) {
  Process server(command({"serve", "--port", "0", "--no-progress"}));
  ASSERT_TRUE(server.wait_for_error_text("Ctrl-C"));
  const std::string& said = server.error_text();
  const std::size_t at = said.find("http://127.0.0.1:");
  ASSERT_NE(at, std::string::npos) << said;
  base_ = said.substr(at, said.find_first_not_of("0123456789", at + 17) - at);
  EXPECT_EQ(ask("search?text=bielik&lang=pl&open=true&sort=downloads"),
            zubr({"search", "bielik", "--lang", "pl", "--open", "--sort", "downloads", "--json"}).out);
  EXPECT_EQ(ask("models/llama3.1:8b"), zubr({"show", "meta-llama/Llama-3.1-8B-Instruct", "--json"}).out);
  EXPECT_EQ(ask("compare?model=gemma3:4b&model=google/gemini-2.5-flash"),
            zubr({"compare", "gemma3:4b", "google/gemini-2.5-flash", "--json"}).out);
  EXPECT_EQ(ask("leaderboard?limit=10&open_only"), zubr({"leaderboard", "--limit", "10", "--open-only", "--json"}).out);
  EXPECT_EQ(ask("leaderboard?list=true"), zubr({"leaderboard", "--list", "--json"}).out);
  EXPECT_EQ(ask("datasets?text=reasoning&limit=5"), zubr({"datasets", "reasoning", "--limit", "5", "--json"}).out);
  // Everything but the bandwidth, which is measured.
  const std::string fits = ask("fits?model=gemma3:27b&context=32k&memory=24");
  EXPECT_SAYS(fits, "\"memory_bytes\": 25769803776");
  EXPECT_SAYS(fits, "\"cache_estimated\": false");
  server.send_signal(SIGTERM);
  EXPECT_EQ(server.finish().status, 0);
}

}  // namespace
}  // namespace zubr::e2e
