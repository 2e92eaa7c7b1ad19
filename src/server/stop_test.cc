// The end of a server: what is running may finish, what does not finish is told so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/server.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using std::chrono::milliseconds;
using testing::chat;
using testing::Client;
using testing::get;
using ::testing::HasSubstr;
using testing::ScriptBackend;
using testing::Signal;
using ::testing::StartsWith;

TEST(Stop, ClosesIdleAndHalfReadConnectionsAtOnce) {
  inference::FakeBackend backend;
  const auto server = *Server::start({}, backend);
  Client idle(server->port()), half(server->port());
  EXPECT_EQ(idle.ask(get("/healthz")).status, 200);
  half.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{");
  const auto report = server->stop(milliseconds(10'000));
  EXPECT_EQ(report.finished, 0);
  EXPECT_EQ(report.cancelled, 0);
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(half.ended());
}

TEST(Stop, LetsARunningAnswerFinish) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  const auto server = *Server::start({}, backend);
  Client client(server->port());
  client.send(chat(R"("stream":true)"));
  ASSERT_TRUE(started.wait());
  StopReport report;
  std::thread stopping([&] { report = server->stop(testing::kPatience); });
  release.set();
  const auto answer = client.read();
  stopping.join();
  EXPECT_EQ(answer.events().back(), "[DONE]");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(report.cancelled, 0);
  EXPECT_FALSE(stopped.is_set());
}

TEST(Stop, CancelsAtTheDeadlineAndSaysSoToTheClient) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  const auto server = *Server::start({}, backend);
  Client stream(server->port());
  stream.send(chat(R"("stream":true)"));
  ASSERT_TRUE(started.wait());
  const auto report = server->stop(milliseconds(1));
  EXPECT_TRUE(stopped.is_set());
  EXPECT_EQ(report.cancelled, 1);
  EXPECT_EQ(report.finished, 0);
  EXPECT_THAT(stream.read().events().back(), HasSubstr(R"("code":"cancelled")"));
}

TEST(Stop, CancelsAWholeAnswerWith503) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  const auto server = *Server::start({}, backend);
  Client whole(server->port());
  whole.send(chat());
  ASSERT_TRUE(started.wait());
  EXPECT_EQ(server->stop(milliseconds(1)).cancelled, 1);
  EXPECT_EQ(whole.read().status, 503);
}

TEST(Stop, CancelsWhatStillWaitsForItsTurn) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  ServerOptions options;
  options.limits.concurrent_requests = 1;
  const auto server = *Server::start(options, backend);
  Client running(server->port()), waiting(server->port());
  running.send(chat());
  ASSERT_TRUE(started.wait());
  waiting.send(get("/healthz") + chat());
  EXPECT_EQ(waiting.read().status, 200) << "so the chat behind it is known to the server";
  server->stop(milliseconds(100));
  EXPECT_EQ(running.read().status, 503);
  EXPECT_NE(waiting.read().status, 200);
}

TEST(Stop, ReturnsTheSameReportTwiceAndTakesNoMoreConnections) {
  inference::FakeBackend backend;
  const auto server = *Server::start({}, backend);
  const int port = server->port();
  server->stop(milliseconds(0));
  EXPECT_EQ(server->stop(milliseconds(0)).finished, 0);
  EXPECT_THROW(Client{port}, std::runtime_error);
}

TEST(Stop, EndsAStalledStreamToo) {
  Signal started, stopped;
  ScriptBackend backend(ScriptBackend::endless(started, stopped));
  const auto server = *Server::start({}, backend);
  Client stalled(server->port(), 4096);
  stalled.send(chat(R"("stream":true)"));
  ASSERT_TRUE(started.wait());
  EXPECT_EQ(server->stop(milliseconds(1)).cancelled, 1);
  EXPECT_TRUE(stopped.is_set());
}

}  // namespace
}  // namespace zubr::server
