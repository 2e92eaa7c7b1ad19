// API keys, as each kind of client sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/temp_dir.h"
#include "server/routes.h"
#include "server/server.h"
#include "server/testing/fake_shelf.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using testing::Answer;
using testing::Client;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;

constexpr const char* kChat = R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":1})";

// Stands still until advance(); for several threads.
class TestClock : public core::Clock {
 public:
  TimePoint now() const override { return TimePoint(std::chrono::hours(1)) + passed(); }
  std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::time_point(std::chrono::hours(500'000)) + passed();
  }
  void advance(std::chrono::milliseconds by) { passed_ms_ += by.count(); }

 private:
  std::chrono::milliseconds passed() const { return std::chrono::milliseconds(passed_ms_); }
  std::atomic<std::int64_t> passed_ms_{0};
};

class Keys : public ::testing::Test {
 protected:
  Keys() {
    options_.keys = *access::KeyRing::open(dir_.path(), clock_);
    options_.shelf = std::make_shared<testing::FakeShelf>();
    options_.on_request = [this](const AccessRecord& record) {
      const std::lock_guard lock(mutex_);
      log_ += access_line(record) + "\n";
    };
  }
  std::string make(const char* scopes, std::chrono::seconds life = std::chrono::hours(1)) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall());
    auto store = *access::KeyStore::open(dir_.path());
    const std::string secret = store.create("a", *access::parse_scopes(scopes), now + life, now)->secret;
    clock_.advance(access::KeyRing::kRefresh);
    return secret;
  }
  Answer ask(const std::string& bytes) {
    if (!server_) server_ = *Server::start(options_, backend_);
    return Client(server_->port()).ask(bytes);
  }
  static std::string bearer(const std::string& key) { return "Authorization: Bearer " + key + "\r\n"; }

  core::TempDir dir_;
  TestClock clock_;
  inference::FakeBackend backend_;
  ServerOptions options_;
  std::mutex mutex_;
  std::string log_;                 // guarded by mutex_
  std::unique_ptr<Server> server_;  // last: its threads write the log until it is gone
};

TEST_F(Keys, NobodyNeedsOneBeforeOneWasMade) {
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat)).status, 200);
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, bearer("sk-none"))).status, 200);
}

TEST_F(Keys, AreTakenFromEitherHeader) {
  const std::string key = make("infer");
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, bearer(key))).status, 200);
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, "authorization: bearer  " + key + "\r\n")).status, 200);
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, "x-api-key: " + key + "\r\n")).status, 200);
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, "Authorization: Basic " + key + "\r\n")).status, 401);
  EXPECT_EQ(ask(post("/v1/chat/completions?key=" + key, kChat)).status, 401);
}

TEST_F(Keys, AreMissedInTheFormOfEachApi) {
  make("infer");
  const Answer openai = ask(post("/v1/chat/completions", kChat));
  EXPECT_EQ(openai.status, 401);
  EXPECT_EQ(openai.header("www-authenticate"), "Bearer");
  EXPECT_THAT(openai.body, HasSubstr(R"("type":"authentication_error","param":null,"code":"invalid_api_key")"));
  const Answer ollama = ask(post("/api/chat", R"({"model":"fake","messages":[]})"));
  EXPECT_EQ(ollama.status, 401);
  EXPECT_THAT(ollama.body, HasSubstr(R"({"error":"this server asks for an API key)"));
  const Answer anthropic = ask(post("/v1/messages", "{}"));
  EXPECT_EQ(anthropic.status, 401);
  EXPECT_THAT(anthropic.body, HasSubstr(R"({"type":"error","error":{"type":"authentication_error")"));
}

TEST_F(Keys, AreJudgedBeforeTheBodyIsSent) {
  make("infer");
  EXPECT_EQ(ask("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n").status, 401);
}

TEST_F(Keys, WithoutOneNobodyLearnsWhichPathsThereAre) {
  make("infer");
  EXPECT_EQ(ask(get("/nothing/here")).status, 401);
  EXPECT_EQ(ask(get("/v1/chat/completions")).status, 401);
  EXPECT_EQ(ask(get("/healthz")).status, 200);
  EXPECT_EQ(ask(get("/readyz")).status, 200);
}

TEST_F(Keys, AreForTheirScopesOnly) {
  const std::string infer = make("infer"), manage = make("manage"), admin = make("admin");
  const std::string copy = R"({"source":"fake","destination":"x"})";
  const Answer refused = ask(post("/api/copy", copy, bearer(infer)));
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("this API key is for infer, and POST /api/copy needs manage"));
  EXPECT_EQ(ask(post("/api/copy", copy, bearer(manage))).status, 200);
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, bearer(manage))).status, 403);
  EXPECT_EQ(ask(post("/api/copy", copy, bearer(admin))).status, 200);
  EXPECT_EQ(ask(post("/v1/chat/completions", kChat, bearer(admin))).status, 200);
}

TEST_F(Keys, EveryRouteThatChangesSomethingNeedsManage) {
  for (const Route& route : all_routes()) {
    const std::string_view path = route.pattern;
    if (path.starts_with("/v1/files") || path.starts_with("/v1/responses")) continue;  // the caller's own
    const bool changes = route.method == "DELETE" || path == "/api/copy" || path == "/api/pull" ||
                         path == "/api/create" || path == "/api/push" ||
                         (path.starts_with("/api/blobs") && route.method == "POST");
    const bool probe = path == "/healthz" || path == "/readyz";
    EXPECT_EQ(route.scope, probe     ? access::Scope::kNone
                           : changes ? access::Scope::kManage
                                     : access::Scope::kInfer)
        << route.method << " " << path;
  }
}

TEST_F(Keys, EndAndAreRevokedWhileTheServerRuns) {
  const std::string key = make("infer", std::chrono::minutes(10)), other = make("infer");
  EXPECT_EQ(ask(get("/v1/models", bearer(key))).status, 200);
  clock_.advance(std::chrono::minutes(11));
  EXPECT_THAT(ask(get("/v1/models", bearer(key))).body, HasSubstr("has expired"));
  auto store = *access::KeyStore::open(dir_.path());
  ASSERT_TRUE(store.revoke(other.substr(5, 12), std::chrono::floor<std::chrono::seconds>(clock_.wall())));
  clock_.advance(access::KeyRing::kRefresh);
  EXPECT_THAT(ask(get("/v1/models", bearer(other))).body, HasSubstr("was revoked"));
}

TEST_F(Keys, APreflightNeedsNoneAndARefusalCanBeReadByThePage) {
  options_.allowed_origins = {"https://app.example"};
  make("infer");
  const std::string origin = "Origin: https://app.example\r\n";
  const Answer preflight = ask(
      "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + origin +
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-stainless-os\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization,x-stainless-os");
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "https://app.example");
  const Answer refused = ask(post("/v1/chat/completions", kChat, origin));
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("access-control-allow-origin"), "https://app.example");
}

TEST_F(Keys, TheLogHasTheirIdAndNeverTheKeyThePromptOrTheAnswer) {
  const std::string key = make("infer");
  ask(post("/v1/chat/completions?q=whisper", R"({"messages":[{"role":"user","content":"whisper"}]})", bearer(key)));
  ask(post("/v1/chat/completions", "whisper{", bearer(key)));
  ask(post("/v1/chat/completions", "whisper", bearer("whisper")));
  server_->stop(std::chrono::seconds(1));
  EXPECT_THAT(log_, HasSubstr("\"key\":\"" + key.substr(5, 12) + "\""));
  for (const auto& secret : {key.substr(18), std::string("whisper"), std::string("Hello")})
    EXPECT_THAT(log_, Not(HasSubstr(secret)));
}

TEST_F(Keys, OpenAPublicAddress) {
  options_.host = "0.0.0.0";
  EXPECT_THAT(Server::start(options_, backend_).error().message(), HasSubstr("zubr keys create"));
  const std::string key = make("infer");
  EXPECT_EQ(ask("GET /v1/models HTTP/1.1\r\nHost: 10.1.2.3\r\n" + bearer(key) + "\r\n").status, 200);
}

}  // namespace
}  // namespace zubr::server
