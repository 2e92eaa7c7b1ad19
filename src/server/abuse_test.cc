// What clients do that they should not, or that networks do to them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/server.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using testing::chat;
using testing::Client;
using testing::get;
using ::testing::HasSubstr;
using testing::post;

class Abuse : public ::testing::Test {
 protected:
  Abuse() {
    options_.limits.idle_timeout = std::chrono::milliseconds(5'000);
    options_.limits.body_bytes = 100'000;
  }
  Client client() {
    if (!server_) server_ = *Server::start(options_, backend_);
    return Client(server_->port());
  }

  inference::FakeBackend backend_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(Abuse, UnderstandsARequestThatComesByteByByte) {
  Client one = client();
  for (const char byte : chat(R"("max_tokens":1)")) one.send({&byte, 1});
  EXPECT_THAT(one.read().body, HasSubstr(R"("content":"H")"));
}

TEST_F(Abuse, UnderstandsAChunkedBody) {
  Client one = client();
  const std::string body = R"({"messages":[{"role":"user","content":"hi"}]})";
  std::string request = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char byte : body) request += std::string("1;x=y\r\n") + byte + "\r\n";
  EXPECT_EQ(one.ask(request + "0\r\nTrailer: t\r\n\r\n").status, 200);
  EXPECT_EQ(one.ask(get("/healthz")).status, 200);
}

TEST_F(Abuse, ContinuesWhenAskedWhetherItMay) {
  Client one = client();
  std::string request = chat();
  const auto body = request.find("\r\n\r\n") + 4;
  one.send(request.substr(0, body - 2) + "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(one.read().status, 100);
  one.send(request.substr(body));
  EXPECT_EQ(one.read().status, 200);
}

TEST_F(Abuse, RefusesABodyOverTheLimitBeforeItIsSent) {
  Client one = client();
  const auto answer =
      one.ask("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100001\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.body, HasSubstr("100000 bytes"));
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(Abuse, TellsTheLimitToAClientThatIsStillSending) {
  Client one = client();
  const auto answer = one.ask(post("/v1/chat/completions", std::string(2'000'000, ' ')));
  EXPECT_EQ(answer.status, 413);
  Client two = client();
  two.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(two.ask("30000\r\n" + std::string(0x30000, ' ') + "\r\n0\r\n\r\n").status, 413);
}

TEST_F(Abuse, RefusesAHeaderOverTheLimit) {
  EXPECT_EQ(client().ask(get("/healthz", "X-Long: " + std::string(40'000, 'a') + "\r\n")).status, 431);
  Client endless = client();
  endless.send("GET /" + std::string(60'000, 'a'));
  EXPECT_EQ(endless.read().status, 431);
}

TEST_F(Abuse, AnswersGarbageWith400AndCloses) {
  for (const std::string garbage :
       {"\x16\x03\x01\x02\x01hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    Client one = client();
    EXPECT_EQ(one.ask(garbage).status, 400) << garbage;
    EXPECT_TRUE(one.ended());
  }
  EXPECT_EQ(client().ask("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n").status, 505);
}

TEST_F(Abuse, RefusesAnEncodedBody) {
  EXPECT_EQ(client().ask(post("/v1/chat/completions", "xxxx", "Content-Encoding: gzip\r\n")).status, 415);
}

TEST_F(Abuse, RefusesBrokenUtf8AndBrokenJsonAndKeepsTheConnection) {
  Client one = client();
  const auto utf8 = one.ask(post("/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}"));
  EXPECT_EQ(utf8.status, 400);
  EXPECT_THAT(utf8.body, HasSubstr(R"("code":"invalid_utf8")"));
  EXPECT_THAT(one.ask(post("/v1/chat/completions", "{")).body, HasSubstr(R"("code":"invalid_json")"));
  EXPECT_THAT(one.ask(post("/v1/chat/completions", "")).body, HasSubstr("it is empty"));
  const auto deep = one.ask(post("/v1/chat/completions", std::string(50'000, '[')));
  EXPECT_THAT(deep.body, HasSubstr(R"("code":"too_deep")"));
  EXPECT_EQ(one.ask(get("/healthz")).status, 200);
}

TEST_F(Abuse, ForgetsAClientThatSentHalfABody) {
  Client half = client();
  half.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"mess");
  half.half_close();
  EXPECT_TRUE(half.ended());
  EXPECT_EQ(client().ask(get("/healthz")).status, 200);
}

TEST_F(Abuse, TimesOutAClientThatSendsItsHeaderTooSlowly) {
  options_.limits.header_timeout = std::chrono::milliseconds(50);
  Client slow = client();
  slow.send("GET /healthz HTT");
  EXPECT_EQ(slow.read().status, 408);
  EXPECT_TRUE(slow.ended());
}

TEST_F(Abuse, TimesOutAClientThatSendsItsBodyTooSlowly) {
  options_.limits.body_timeout = std::chrono::milliseconds(50);
  Client slow = client();
  slow.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{");
  const auto answer = slow.read();
  EXPECT_EQ(answer.status, 408);
  EXPECT_THAT(answer.body, HasSubstr("did not come in time"));
}

TEST_F(Abuse, ClosesAnIdleConnectionWithoutAWord) {
  options_.limits.idle_timeout = std::chrono::milliseconds(50);
  Client idle = client();
  EXPECT_EQ(idle.ask(get("/healthz")).status, 200);
  EXPECT_EQ(idle.read_some(), "");
}

TEST_F(Abuse, TellsOneConnectionTooManyToTryLater) {
  options_.limits.connections = 2;
  Client one = client(), two = client();
  EXPECT_EQ(one.ask(get("/healthz")).status, 200);
  EXPECT_EQ(two.ask(get("/healthz")).status, 200);
  Client three = client();
  const auto refused = three.ask(get("/healthz"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(one.ask(get("/healthz")).status, 200);
}

TEST_F(Abuse, KeepsAnHttp10ConnectionOnlyWhenAsked) {
  Client one = client();
  EXPECT_EQ(one.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("connection"), "keep-alive");
  EXPECT_EQ(one.ask("GET /healthz HTTP/1.0\r\n\r\n").header("connection"), "close");
  EXPECT_TRUE(one.ended());
}

}  // namespace
}  // namespace zubr::server
