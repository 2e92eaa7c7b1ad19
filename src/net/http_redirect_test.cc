#include <gtest/gtest.h>

#include "net/http_client.h"
#include "net/testing/fault_server.h"

namespace zubr::net {
namespace {

using testing::FaultServer;
using testing::Received;
using testing::Reply;

HttpOptions direct() { return {.proxy = "none"}; }

Reply redirect(int status, std::string to) {
  return {.status = status, .headers = {{"Location", std::move(to)}}, .body = "moved"};
}

bool saw_token(const FaultServer& server) {
  for (const Received& request : server.requests())
    if (request.headers.find("authorization") || request.headers.find("cookie")) return true;
  return false;
}

const Headers kToken = {{"Authorization", "Bearer secret"}, {"Cookie", "a=b"}, {"Accept", "x/y"}};

TEST(Redirect, KeepsTheTokenOnTheSameHost) {
  FaultServer server([](const Received& request) {
    return request.target == "/a" ? redirect(302, "/b")
                                  : Reply{.body = std::string(request.headers.get("authorization"))};
  });
  const auto answer = HttpClient(direct()).fetch({.url = server.url("/a"), .headers = kToken}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "Bearer secret");
  EXPECT_EQ(answer->url, server.url("/b"));
}

TEST(Redirect, NeverSendsTheTokenToAnotherHost) {
  FaultServer server([&](const Received& request) {
    if (request.target == "/a")
      return redirect(302, "http://localhost:" + std::string(request.headers.get("x-port")) + "/b");
    return Reply{.body = std::string(request.headers.get("accept"))};
  });
  Headers headers = kToken;
  headers.add("X-Port", std::to_string(server.port()));
  const auto answer = HttpClient(direct()).fetch({.url = server.url("/a"), .headers = headers}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "x/y");
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_TRUE(requests[0].headers.find("authorization"));
  EXPECT_FALSE(requests[1].headers.find("authorization"));
  EXPECT_FALSE(requests[1].headers.find("cookie"));
}

TEST(Redirect, NeverSendsTheTokenToAnotherPortNorBackAgain) {
  std::string back;
  FaultServer other([&](const Received&) { return redirect(302, back); });
  FaultServer server(
      [&](const Received& request) { return request.target == "/a" ? redirect(302, other.url("/x")) : Reply{}; });
  back = server.url("/end");
  ASSERT_TRUE(HttpClient(direct()).fetch({.url = server.url("/a"), .headers = kToken}, {}));
  EXPECT_FALSE(saw_token(other));
  EXPECT_FALSE(server.requests().back().headers.find("authorization"));
}

TEST(Redirect, EndsInACircle) {
  FaultServer server([](const Received& request) { return redirect(301, request.target == "/a" ? "/b" : "/a"); });
  const auto answer = HttpClient(direct()).fetch({.url = server.url("/a")}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(Redirect, EndsAfterTooManyHops) {
  FaultServer server([](const Received& request) { return redirect(307, request.target + "x"); });
  const auto answer = HttpClient({.proxy = "none", .max_redirects = 3}).fetch({.url = server.url("/")}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST(Redirect, LetsTheCallerStopAndLookAtIt) {
  FaultServer server([](const Received&) { return redirect(302, "https://cdn.invalid/blob?sig=1"); });
  std::vector<Hop> hops;
  const auto answer = HttpClient(direct()).fetch({.url = server.url("/a"),
                                                  .on_redirect =
                                                      [&](const Hop& hop) {
                                                        hops.push_back(hop);
                                                        return RedirectDecision::kStop;
                                                      }},
                                                 {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->body, "moved");
  ASSERT_EQ(hops.size(), 1U);
  EXPECT_FALSE(hops[0].same_origin);
  EXPECT_EQ(hops[0].to, "https://cdn.invalid/blob?sig=1");
}

TEST(Redirect, RefusesToLeaveTheWeb) {
  FaultServer server([](const Received&) { return redirect(302, "file:///etc/passwd"); });
  const auto answer = HttpClient(direct()).fetch({.url = server.url("/a")}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
}

TEST(Redirect, TurnsAPostIntoAGetWhereTheStandardSaysSo) {
  FaultServer server([](const Received& request) {
    if (request.target == "/303") return redirect(303, "/end");
    if (request.target == "/307") return redirect(307, "/end");
    return Reply{.body = request.method + ":" + request.body};
  });
  HttpClient client(direct());
  EXPECT_EQ(client.fetch({.method = Method::kPost, .url = server.url("/303"), .body = "x"}, {})->body, "GET:");
  EXPECT_EQ(client.fetch({.method = Method::kPost, .url = server.url("/307"), .body = "x"}, {})->body, "POST:x");
}

}  // namespace
}  // namespace zubr::net
