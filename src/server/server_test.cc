// The server as a client sees it: one request at a time, over real sockets.
#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using testing::chat;
using testing::Client;
using testing::get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post;
using testing::ScriptBackend;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    auto started = Server::start(std::move(options), backend_);
    ASSERT_TRUE(started.has_value()) << started.error().message();
    server_ = *std::move(started);
  }
  Client client() { return Client(server_->port()); }

  inference::FakeBackend backend_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, IsHealthyAndReadyOnAPortOfItsOwnChoice) {
  start();
  EXPECT_GT(server_->port(), 0);
  EXPECT_EQ(server_->url(), "http://127.0.0.1:" + std::to_string(server_->port()));
  Client one = client();
  const auto health = one.ask(get("/healthz"));
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, R"({"status":"ok"})");
  EXPECT_EQ(health.header("content-type"), "application/json");
  EXPECT_EQ(one.ask(get("/readyz?verbose=1")).status, 200) << "and the connection is kept";
}

TEST_F(ServerTest, ListsItsModelAndFindsItByName) {
  start();
  Client one = client();
  const auto list = one.ask(get("/v1/models"));
  EXPECT_EQ(list.status, 200);
  EXPECT_THAT(list.body, StartsWith(R"({"object":"list","data":[{"id":"fake","object":"model","created":)"));
  EXPECT_THAT(list.body, HasSubstr(R"("context_length":4096)"));
  EXPECT_EQ(one.ask(get("/v1/models/fake")).status, 200);
  EXPECT_EQ(one.ask(get("/v1/models/%66ake")).status, 200);
  const auto missing = one.ask(get("/v1/models/org/other"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr(R"("code":"model_not_found")"));
  EXPECT_THAT(missing.body, HasSubstr("org/other"));
  EXPECT_EQ(one.ask(get("/v1/models/%zz")).status, 400);
}

TEST_F(ServerTest, AnswersAChatAsOneObject) {
  start();
  const auto answer = client().ask(chat(R"("model":"fake")"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, StartsWith(R"({"id":"chatcmpl-)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("object":"chat.completion")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("message":{"role":"assistant","content":"Hello, świat","refusal":null})"));
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("usage":{"prompt_tokens":2,"completion_tokens":12,"total_tokens":14,)"));
}

TEST_F(ServerTest, SaysWhenTheAnswerWasCutAtMaxTokens) {
  start();
  const auto answer = client().ask(chat(R"("max_completion_tokens":5)"));
  EXPECT_THAT(answer.body, HasSubstr(R"("content":"Hello")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"length")"));
}

TEST_F(ServerTest, MakesSeveralChoices) {
  start();
  const auto answer = client().ask(chat(R"("n":2,"max_tokens":1)"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"index":1,"message":{"role":"assistant","content":"H")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("prompt_tokens":2,"completion_tokens":2)"));
  EXPECT_EQ(client().ask(chat(R"("n":17)")).status, 400);
}

TEST_F(ServerTest, RefusesAPromptThatDoesNotFitWithBothNumbers) {
  start();
  const std::string body = R"({"messages":[{"role":"user","content":")" + std::string(5000, 'a') + R"("}]})";
  const auto answer = client().ask(post("/v1/chat/completions", body));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"context_length_exceeded")"));
  EXPECT_THAT(answer.body, HasSubstr("5000"));
  EXPECT_THAT(answer.body, HasSubstr("4096"));
}

TEST_F(ServerTest, KnowsNoOtherModel) {
  start();
  const auto answer = client().ask(chat(R"("model":"gpt-4o")"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr(R"("param":"model","code":"model_not_found")"));
}

TEST_F(ServerTest, AnswersUnknownPathsAndMethodsInJson) {
  start();
  Client one = client();
  const auto lost = one.ask(get("/v1/nothing"));
  EXPECT_EQ(lost.status, 404);
  EXPECT_THAT(lost.body, HasSubstr(R"("type":"invalid_request_error")"));
  const auto wrong = one.ask(get("/v1/chat/completions"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST, OPTIONS");
  const auto brewed = one.ask("BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(brewed.status, 405);
  EXPECT_EQ(brewed.header("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(ServerTest, AnswersHeadWithoutABodyAndOptionsWithAllow) {
  start();
  Client one = client();
  one.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = one.read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "15");
  const auto options = one.ask("OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(one.ask("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204);
}

TEST_F(ServerTest, CarriesARequestIdOfTheClientOrOfItsOwn) {
  start();
  Client one = client();
  EXPECT_EQ(one.ask(get("/healthz", "X-Request-Id: abc-1\r\n")).header("x-request-id"), "abc-1");
  EXPECT_THAT(one.ask(get("/healthz", "X-Request-Id: a b\"\r\n")).header("x-request-id"), StartsWith("req-"));
  EXPECT_NE(one.ask(get("/healthz")).header("x-request-id"), one.ask(get("/healthz")).header("x-request-id"));
}

TEST_F(ServerTest, RefusesAForeignHostAndAForeignOrigin) {
  ServerOptions options;
  options.allowed_hosts = {"box.lan"};
  options.allowed_origins = {"https://app.example"};
  start(options);
  Client one = client();
  EXPECT_EQ(one.ask("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 403);
  EXPECT_EQ(one.ask("GET /healthz HTTP/1.1\r\nHost: box.lan:80\r\n\r\n").status, 200);
  EXPECT_EQ(one.ask("GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 403);
  EXPECT_EQ(one.ask(get("/healthz", "Origin: https://evil.example\r\n")).status, 403);
  EXPECT_EQ(one.ask(get("/healthz", "Origin: null\r\n")).status, 403);
  EXPECT_EQ(one.ask(get("/healthz", "Origin: http://localhost\r\n")).header("access-control-allow-origin"), "");
  const auto allowed = one.ask(get("/healthz", "Origin: https://app.example\r\n"));
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(allowed.header("access-control-allow-origin"), "https://app.example");
  const auto preflight = one.ask(
      "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-methods"), "POST, OPTIONS");
}

TEST_F(ServerTest, ListensElsewhereThanOnLoopbackOnlyWhenToldSoPlainly) {
  ServerOptions options;
  options.host = "0.0.0.0";
  const auto refused = Server::start(options, backend_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message(), HasSubstr("allow_public"));
  options.allow_public = true;
  EXPECT_TRUE(Server::start(options, backend_).has_value());
  options.host = "not an address";
  EXPECT_FALSE(Server::start(options, backend_).has_value());
}

TEST_F(ServerTest, SaysWhenThePortIsTaken) {
  start();
  ServerOptions options;
  options.port = server_->port();
  const auto second = Server::start(options, backend_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr(std::to_string(options.port)));
}

TEST_F(ServerTest, LogsEachRequestWithoutWhatWasSaid) {
  std::mutex mutex;
  std::vector<AccessRecord> records;
  ServerOptions options;
  options.on_request = [&](const AccessRecord& record) {
    const std::lock_guard lock(mutex);
    records.push_back(record);
  };
  start(options);
  {
    Client one = client();
    one.ask(get("/v1/models?key=secret", "X-Request-Id: one\r\n"));
    one.ask(post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"secret"}]})"));
  }
  server_->stop(std::chrono::seconds(1));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_THAT(
      access_line(records[0]),
      HasSubstr(
          R"("request_id":"one","remote":"127.0.0.1","method":"GET","path":"/v1/models","status":200,"bytes_in":0,)"));
  EXPECT_EQ(records[1].bytes_in, 49);
  for (const auto& record : records) EXPECT_THAT(access_line(record), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace zubr::server
