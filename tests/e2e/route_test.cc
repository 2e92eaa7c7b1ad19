// Asking elsewhere, as a user does: a provider of one's own (a scripted one, and zubr serve itself), routes, usage,
// budgets.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e2e/zubr_test.h"
#include "net/testing/fault_server.h"

namespace zubr::e2e {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;

constexpr const char* kKey = "sk-very-secret-0123456789";

Reply streamed(const std::string& text) {
  return {.status = 200,
          .headers = {{"Content-Type", "text/event-stream"}},
          .body = "data: {\"choices\":[{\"delta\":{\"content\":\"" + text +
                  "\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                  "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n"
                  "data: [DONE]\n\n"};
}

class RouteE2e : public ZubrTest {
 protected:
  void SetUp() override {
    ZubrTest::SetUp();
    if (IsSkipped()) return;
    std::filesystem::create_directories(path("home"));
  }
  void config(const std::string& text) const { write("home/config.toml", text); }
  // [providers.NAME] at a server, hosted or not.
  static std::string provider(const std::string& name, const std::string& base, const std::string& more = "") {
    return "[providers." + name + "]\nbase_url = \"" + base + "\"\nkey_variable = \"OFFICE_KEY\"\n" + more + "\n";
  }
  Finished with_key(std::vector<std::string> arguments) const {
    Command made = command(std::move(arguments));
    made.environment["OFFICE_KEY"] = kKey;
    made.environment["NO_PROXY"] = "127.0.0.1";
    return run(made);
  }
};

TEST_F(RouteE2e, AProviderInTheConfigAnswers) {
  FaultServer server([](const Received&) { return streamed("Dzień dobry"); });
  config(provider("office", server.base() + "/v1", "reach = \"private\""));
  const Finished answer = with_key({"run", "office/big-model", "hi", "--explain", "--tag", "project=crm"});
  ASSERT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(answer.out, "Dzień dobry\n");
  EXPECT_SAYS(answer.err, "office/big-model ok");
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].target, "/v1/chat/completions");
  EXPECT_EQ(server.requests()[0].headers.get("authorization"), std::string("Bearer ") + kKey);
  EXPECT_SAYS(server.requests()[0].body, "\"model\":\"big-model\"");

  const Finished beside = with_key({"run", "big-model", "hi", "--provider", "office"});
  EXPECT_EQ(beside.out, "Dzień dobry\n") << beside.err;
  const Finished usage = with_key({"usage", "--by", "provider,model,tag", "--json"});
  EXPECT_SAYS(usage.out, "\"tag\": \"project=crm\"");
  EXPECT_SAYS(usage.out, "\"prompt_tokens\": 7");
  const Finished csv = with_key({"usage", "--csv", "-"});
  EXPECT_SAYS(csv.out, "office/big-model,office,big-model");
  for (const std::string& text : {answer.err, usage.out, csv.out, read(path("home/ledger.db"))})
    EXPECT_EQ(text.find(kKey), std::string::npos);
  EXPECT_EQ(read(path("home/ledger.db")).find("Dzie"), std::string::npos) << "the ledger has no content";
}

TEST_F(RouteE2e, PrivacyFailsClosedAndNothingLeaves) {
  FaultServer server([](const Received&) { return streamed("x"); });
  config(provider("cloud", server.base() + "/v1"));
  for (const char* privacy : {"local", "private", "zdr"}) {
    const Finished refused = with_key({"run", "cloud/m", "hi", "--privacy", privacy});
    EXPECT_EQ(refused.status, 9) << refused.err;
    EXPECT_SAYS(refused.err, "cloud/m");
  }
  config("[route]\nprivacy = \"zdr\"\n" + provider("cloud", server.base() + "/v1"));
  EXPECT_EQ(with_key({"run", "cloud/m", "hi"}).status, 9);
  EXPECT_EQ(with_key({"run", "cloud/m", "hi", "--privacy", "any"}).status, 9) << "a request can only tighten";
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(with_key({"run", "no-such-model-here", "hi"}).status, 3) << "a name alone asks nobody";
}

TEST_F(RouteE2e, FallsBackWhenOneFailsAndNamesTheKeyWhereThatIsBad) {
  FaultServer bad([](const Received&) {
    return Reply{.status = 401,
                 .headers = {{"Content-Type", "application/json"}},
                 .body = R"({"error":{"message":"Incorrect API key provided: sk-very-secret-0123456789"}})"};
  });
  FaultServer good([](const Received&) { return streamed("saved"); });
  config(provider("bad", bad.base()) + provider("good", good.base()));
  const Finished answer = with_key({"run", "bad/m", "hi", "--fallback", "good/m", "--explain"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_EQ(answer.out, "saved\n");
  EXPECT_SAYS(answer.err, "bad/m bad_key, good/m ok");
  const Finished alone = with_key({"run", "bad/m", "hi"});
  EXPECT_EQ(alone.status, 9);
  EXPECT_SAYS(alone.err, "OFFICE_KEY");
  EXPECT_EQ(alone.err.find(kKey), std::string::npos) << alone.err;
  const Finished keyless = zubr({"run", "bad/m", "hi"});
  EXPECT_EQ(keyless.status, 9);
  EXPECT_SAYS(keyless.err, "OFFICE_KEY is not set");
}

TEST_F(RouteE2e, TheGuardMasksOnTheWayOutAndPutsBackInTheAnswer) {
  FaultServer server([](const Received&) { return streamed("Numer [PESEL_1] jest poprawny"); });
  config(provider("cloud", server.base() + "/v1"));
  const Finished masked = with_key({"run", "cloud/m", "Czy 44051401359 to PESEL?"});
  EXPECT_EQ(masked.out, "Numer 44051401359 jest poprawny\n") << masked.err;
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].body.find("44051401359"), std::string::npos);
  const Finished blocked = with_key({"run", "cloud/m", "Czy 44051401359 to PESEL?", "--guard", "block"});
  EXPECT_EQ(blocked.status, 9) << blocked.err;
  EXPECT_SAYS(blocked.err, "PESEL");
  EXPECT_EQ(blocked.err.find("44051401359"), std::string::npos);
  EXPECT_EQ(with_key({"run", "cloud/m", "Czy 44051401359 to PESEL?", "--guard", "local"}).status, 9);
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(with_key({"run", "cloud/m", "Czy 44051401359 to PESEL?", "--guard", "off"}).status, 0);
  EXPECT_SAYS(server.requests().at(1).body, "44051401359");
}

TEST_F(RouteE2e, ABudgetIsHeld) {
  FaultServer server([](const Received&) { return streamed("x"); });
  config(provider("cloud", server.base() + "/v1"));
  ASSERT_EQ(with_key({"budget", "set", "1", "--period", "day"}).status, 0);
  const Finished refused = with_key({"run", "cloud/m", "hi"});
  EXPECT_EQ(refused.status, 9) << "what it costs is unknown";
  EXPECT_TRUE(server.requests().empty());
  EXPECT_SAYS(with_key({"budget", "list", "--json"}).out, "\"amount_usd\": \"1\"");
  ASSERT_EQ(with_key({"budget", "set", "1", "--period", "day", "--allow-unknown"}).status, 0);
  EXPECT_EQ(with_key({"run", "cloud/m", "hi"}).status, 0);
  ASSERT_EQ(with_key({"budget", "remove", "--period", "day"}).status, 0);
  EXPECT_EQ(with_key({"budget", "remove", "--period", "day"}).status, 3);
  EXPECT_EQ(with_key({"budget", "set", "much"}).status, 2);
}

TEST_F(RouteE2e, ShowsProvidersAndExplainsRoutes) {
  config(provider("office", "http://10.1.2.3:8000/v1", "reach = \"private\""));
  const Finished list = with_key({"providers"});
  EXPECT_SAYS(list.out, "office");
  EXPECT_SAYS(list.out, "no: GROQ_API_KEY");
  EXPECT_SAYS(with_key({"providers", "--json"}).out, "\"privacy_source\": \"https://");
  EXPECT_EQ(with_key({"providers", "--json"}).out.find(kKey), std::string::npos);
  const Finished explained = with_key({"route", "explain", "office/m", "--json"});
  EXPECT_EQ(explained.status, 0) << explained.err;
  EXPECT_SAYS(explained.out, "\"endpoint\": \"office/m\"");
  const Finished nobody = with_key({"route", "explain", "office/m", "--privacy", "local"});
  EXPECT_EQ(nobody.status, 9);
  EXPECT_SAYS(nobody.out, "is private");
  const Finished model = with_key({"route", "explain", "llama-3.1-8b-instruct"});
  EXPECT_SAYS(model.out, "groq/llama-3.1-8b-instant");
  EXPECT_SAYS(model.out, "GROQ_API_KEY is not set");
  config("[providers.x]\nbase_url = \"nonsense\"\n");
  const Finished broken = with_key({"providers"});
  EXPECT_EQ(broken.status, 2);
  EXPECT_SAYS(broken.err, "config.toml:2");
}

TEST_F(RouteE2e, ZubrItselfIsAProvider) {
  Process server(command({"serve", "--port", "0", "--parallel", "1"}));
  ASSERT_TRUE(server.wait_for_error_text("Ctrl-C"));
  const std::string& said = server.error_text();
  const std::size_t at = said.find("http://127.0.0.1:");
  ASSERT_NE(at, std::string::npos) << said;
  const std::string base = said.substr(at, said.find(';', at) - at);
  config("[providers.mine]\nbase_url = \"" + base + "/v1\"\nreach = \"local\"\n");
  const Finished answer =
      with_key({"run", "mine/built-in", "Once upon a time", "--privacy", "local", "--max-tokens", "8", "--explain"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_GT(answer.out.size(), 1u);
  EXPECT_SAYS(answer.err, "cost 0 $");
  EXPECT_SAYS(with_key({"usage", "--by", "provider", "--json"}).out, "\"completion_tokens\": ");
  server.send_signal(SIGTERM);
  EXPECT_EQ(server.finish().status, 0);
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

TEST_F(RouteE2e, LlamaServerIsAProvider) {
  const auto program = std::filesystem::absolute("third_party/build/llama/bin/llama-server");
  const auto model = std::filesystem::absolute("assets/models/built-in.gguf");
  if (!std::filesystem::exists(program) || !std::filesystem::exists(model))
    GTEST_SKIP() << "no llama-server at " << program << " (tools/bench.sh builds it), or no " << model;
  const std::string port = std::to_string(free_port());
  Command started;
  started.arguments = {
      program.string(), "-m", model.string(), "--host", "127.0.0.1", "--port", port, "-np", "1", "-t", "1"};
  started.folder = path(".");
  Process server(started);
  ASSERT_TRUE(server.wait_for_error_text("listening on http")) << server.error_text();
  config("[providers.llama-server]\nbase_url = \"http://127.0.0.1:" + port + "/v1\"\n");
  const Finished chat = with_key({"run", "llama-server/tinytalk", "Once upon a time", "--privacy", "local",
                                  "--max-tokens", "8", "--temperature", "0", "--explain"});
  EXPECT_EQ(chat.status, 0) << chat.err;
  EXPECT_GT(chat.out.size(), 1u);
  EXPECT_SAYS(chat.err, "llama-server/tinytalk ok");
  const Finished raw = with_key({"run", "llama-server/tinytalk", "Once upon a time", "--raw", "--max-tokens", "8"});
  EXPECT_EQ(raw.status, 0) << raw.err;
  const Finished too_long = with_key(
      {"run", "llama-server/tinytalk", "--max-tokens", "1", "--no-fallbacks", std::string(100'000, 'x') + " y"});
  EXPECT_NE(too_long.status, 0) << "more than its context";
  const Finished schema = with_key({"run", "llama-server/tinytalk", "--json-schema",
                                    R"({"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]})",
                                    "--max-tokens", "40", "Say it"});
  EXPECT_EQ(schema.status, 0) << schema.err;
  EXPECT_SAYS(schema.out, "\"a\"");
  EXPECT_SAYS(with_key({"usage", "--by", "provider", "--json"}).out, "\"provider\": \"llama-server\"");
  server.send_signal(SIGTERM);
}

}  // namespace
}  // namespace zubr::e2e
