#include "net/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/testing/fault_server.h"

namespace zubr::net {
namespace {

using std::chrono::milliseconds;
using testing::FaultServer;
using testing::Received;
using testing::Reply;

HttpOptions direct() { return {.proxy = "none"}; }

class CountingSink : public BodySink {
 public:
  Result<Flow> begin(const HttpResponse& head) override {
    status = head.status;
    return Flow::kMore;
  }
  Result<Flow> write(std::string_view bytes) override {
    received += bytes;
    if (fail_after && received.size() >= *fail_after) return fail(ErrorCode::kDiskFull, "the disk is full");
    return enough_after && received.size() >= *enough_after ? Flow::kEnough : Flow::kMore;
  }
  int status = 0;
  std::string received;
  std::optional<std::size_t> fail_after, enough_after;
};

TEST(HttpClient, GivesStatusHeadersAndBodyAndSendsWhatItIsTold) {
  FaultServer server([](const Received& request) {
    return Reply{.status = 404, .headers = {{"X-Error-Code", "RepoNotFound"}}, .body = request.method + request.body};
  });
  HttpClient client(direct());
  const auto answer = client.fetch({.method = Method::kPost,
                                    .url = server.url("/a?b=c"),
                                    .headers = {{"X-Empty", ""}, {"X-One", "1"}},
                                    .body = "hello"},
                                   {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->headers.get("x-error-code"), "RepoNotFound");
  EXPECT_EQ(answer->body, "POSThello");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].target, "/a?b=c");
  EXPECT_EQ(requests[0].headers.get("x-one"), "1");
  EXPECT_TRUE(requests[0].headers.find("x-empty"));
  EXPECT_FALSE(requests[0].headers.find("expect"));
}

TEST(HttpClient, PutsABody) {
  FaultServer server(
      [](const Received& request) { return Reply{.status = 201, .body = request.method + request.body}; });
  HttpClient client(direct());
  EXPECT_EQ(client.fetch({.method = Method::kPut, .url = server.url("/"), .body = "x"}, {})->body, "PUTx");
  EXPECT_EQ(client.fetch({.url = server.url("/")}, {})->body, "GET");  // nothing of it stays with the connection
}

TEST(HttpClient, AsksForHeadersOnlyWithHead) {
  FaultServer server([](const Received&) { return Reply{.body = std::string(1000, 'x')}; });
  HttpClient client(direct());
  const auto answer = client.fetch({.method = Method::kHead, .url = server.url("/")}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->headers.get("content-length"), "1000");
  EXPECT_TRUE(answer->body.empty());
}

TEST(HttpClient, AsksForARange) {
  FaultServer server([](const Received& request) { return testing::serve_file(request, "0123456789"); });
  HttpClient client(direct());
  const auto part = client.fetch({.url = server.url("/"), .range = ByteRange{2, 4}}, {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, "234");
  EXPECT_EQ(client.fetch({.url = server.url("/"), .range = ByteRange{10, {}}}, {})->status, 416);
}

TEST(HttpClient, RefusesABodyOverItsLimit) {
  FaultServer server([](const Received&) { return Reply{.body = std::string(1000, 'x')}; });
  HttpClient client(direct());
  const auto answer = client.fetch({.url = server.url("/"), .max_body_bytes = 999}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kTooLarge);
}

TEST(HttpClient, SaysThatAConnectionBrokeBeforeTheEnd) {
  FaultServer server([](const Received&) { return Reply{.body = std::string(1000, 'x'), .drop_after = 500}; });
  HttpClient client(direct());
  const auto answer = client.fetch({.url = server.url("/x?sig=secret")}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork);
  EXPECT_EQ(answer.error().message().find("secret"), std::string::npos);
}

TEST(HttpClient, SaysThatTheBodyIsShorterThanDeclared) {
  FaultServer server([](const Received&) { return Reply{.body = "short", .declared_length = 50}; });
  const auto answer = HttpClient(direct()).fetch({.url = server.url("/")}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork);
}

TEST(HttpClient, NoticesAStalledTransfer) {
  FaultServer server([](const Received&) { return Reply{.body = std::string(1000, 'x'), .stall_after = 10}; });
  const auto answer =
      HttpClient({.proxy = "none", .stall_timeout = milliseconds{150}}).fetch({.url = server.url("/")}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kTimeout);
  EXPECT_NE(answer.error().message().find("after 10 bytes"), std::string::npos) << answer.error().message();
}

TEST(HttpClient, SaysThatNobodyListens) {
  int port = 0;
  {
    FaultServer gone([](const Received&) { return Reply{}; });
    port = gone.port();
  }
  const auto answer = HttpClient(direct()).fetch({.url = fmt::format("http://127.0.0.1:{}/", port)}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kNetwork);
}

TEST(HttpClient, StopsAtOnceWhenAsked) {
  std::stop_source stop;
  FaultServer server([&](const Received&) {
    stop.request_stop();
    return Reply{.body = std::string(1000, 'x'), .stall_after = 10};
  });
  HttpClient client({.proxy = "none", .stall_timeout = std::chrono::hours{1}});
  const auto answer = client.fetch({.url = server.url("/")}, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kCancelled);
}

TEST(HttpClient, PassesOnTheErrorOfItsSinkAndStopsWhenItHasEnough) {
  FaultServer server([](const Received&) { return Reply{.body = std::string(4 << 20, 'x')}; });
  HttpClient client(direct());
  CountingSink failing;
  failing.fail_after = 1;
  EXPECT_EQ(client.stream({.url = server.url("/")}, failing, {}).error().code(), ErrorCode::kDiskFull);
  CountingSink content;
  content.enough_after = 1;
  EXPECT_TRUE(client.stream({.url = server.url("/")}, content, {}));
  EXPECT_LT(content.received.size(), std::size_t{4 << 20});
}

// While the sink blocks nothing is read, so the sender stands still once the socket buffers (a few MB) are full.
TEST(HttpClient, HoldsTheSenderBackWhileItsSinkIsBusy) {
  constexpr std::size_t kBody = 64 << 20;
  std::atomic<std::size_t> sent = 0;
  FaultServer server([](const Received&) { return Reply{.body = std::string(kBody, 'x')}; });
  server.on_send([&](std::size_t bytes) { sent += bytes; });
  class Blocking : public BodySink {
   public:
    explicit Blocking(std::atomic<std::size_t>& counter) : sent_(counter) {}
    Result<Flow> begin(const HttpResponse&) override { return Flow::kMore; }
    Result<Flow> write(std::string_view) override {
      std::size_t before = 0;  // wait until the sender is stuck: its count no longer moves
      for (int same = 0; same < 2000; same = sent_ == before ? same + 1 : 0) {
        before = sent_;
        std::this_thread::yield();
      }
      return Flow::kEnough;
    }

   private:
    std::atomic<std::size_t>& sent_;
  } sink(sent);
  ASSERT_TRUE(HttpClient(direct()).stream({.url = server.url("/")}, sink, {}));
  EXPECT_LT(sent.load(), kBody);
}

TEST(HttpClient, UsesAProxyByItsAddress) {
  FaultServer proxy([](const Received& request) { return Reply{.body = request.target}; });
  HttpClient client({.proxy = proxy.base()});
  const auto answer = client.fetch({.url = "http://models.invalid/a"}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "http://models.invalid/a");
}

TEST(HttpClient, RefusesAHeaderThatWouldSmuggleAnother) {
  const auto answer = HttpClient(direct()).fetch({.url = "http://127.0.0.1:1/", .headers = {{"A", "b\r\nC: d"}}}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
  FaultServer server([](const Received& request) { return Reply{.body = request.target}; });
  HttpClient client(direct());
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 20; ++i) {
          const std::string target = fmt::format("/{}/{}", thread, i);
          const auto answer = client.fetch({.url = server.url(target)}, {});
          if (answer && answer->body == target) ++right;
        }
      });
  }
  EXPECT_EQ(right, 80);
}

}  // namespace
}  // namespace zubr::net
