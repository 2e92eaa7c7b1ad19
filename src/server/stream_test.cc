// Streams of server-sent events: their form, their errors, their pressure, and clients that go away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/server.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using inference::Generation;
using inference::TextDelta;
using testing::chat;
using testing::Client;
using ::testing::EndsWith;
using testing::get;
using ::testing::HasSubstr;
using testing::kPatience;
using ::testing::Not;
using testing::ScriptBackend;
using testing::Signal;
using ::testing::StartsWith;

std::unique_ptr<Server> serve(inference::Backend& backend, ServerOptions options = {}) {
  auto server = Server::start(std::move(options), backend);
  EXPECT_TRUE(server.has_value());
  return *std::move(server);
}

TEST(Stream, BeginsWithTheRoleAndEndsWithDone) {
  inference::FakeBackend backend;
  const auto server = serve(backend);
  Client client(server->port());
  const auto answer = client.ask(chat(R"("stream":true,"max_tokens":2)"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_THAT(answer.header("content-type"), StartsWith("text/event-stream"));
  const auto events = answer.events();
  ASSERT_EQ(events.size(), 5u) << answer.body;
  EXPECT_THAT(events[0], HasSubstr(R"("choices":[{"index":0,"delta":{"role":"assistant","content":""},)"));
  EXPECT_THAT(events[1], HasSubstr(R"("delta":{"content":"H"},"logprobs":null,"finish_reason":null}]})"));
  EXPECT_THAT(events[2], HasSubstr(R"("delta":{"content":"e"})"));
  EXPECT_THAT(events[3], HasSubstr(R"("delta":{},"logprobs":null,"finish_reason":"length"}]})"));
  EXPECT_EQ(events[4], "[DONE]");
  EXPECT_EQ(client.ask(get("/healthz")).status, 200) << "the connection goes on";
}

TEST(Stream, GivesUsageInAnEventOfItsOwnWhenAsked) {
  inference::FakeBackend backend;
  const auto server = serve(backend);
  const auto events =
      Client(server->port()).ask(chat(R"("stream":true,"stream_options":{"include_usage":true})")).events();
  ASSERT_GT(events.size(), 3u);
  EXPECT_THAT(events.front(), EndsWith(R"("usage":null})"));
  EXPECT_THAT(events[events.size() - 2],
              HasSubstr(R"("choices":[],"usage":{"prompt_tokens":2,"completion_tokens":12,)"));
  EXPECT_EQ(events.back(), "[DONE]");
}

TEST(Stream, CarriesEveryChoiceUnderItsIndex) {
  inference::FakeBackend backend;
  const auto server = serve(backend);
  const auto events = Client(server->port()).ask(chat(R"("stream":true,"n":2,"max_tokens":1)")).events();
  ASSERT_EQ(events.size(), 7u);
  EXPECT_THAT(events[3], HasSubstr(R"({"index":1,"delta":{"role":"assistant")"));
  EXPECT_THAT(events[4], HasSubstr(R"({"index":1,"delta":{"content":"H"})"));
}

TEST(Stream, KeepsCharactersWholeAndEscaped) {
  ScriptBackend backend([](const auto&, const auto& sink, auto) -> Result<Generation> {
    for (const char* piece : {"za\u017c\u00f3\u0142\u0107 ", "\"g\u0119\u015bl\u0105\"\n", "\U0001F9AC"})
      sink(TextDelta{piece});
    return Generation{};
  });
  const auto server = serve(backend);
  const auto events = Client(server->port()).ask(chat(R"("stream":true)")).events();
  ASSERT_EQ(events.size(), 6u);
  EXPECT_THAT(events[1], HasSubstr("\"content\":\"za\u017c\u00f3\u0142\u0107 \""));
  EXPECT_THAT(events[2], HasSubstr("\"content\":\"\\\"g\u0119\u015bl\u0105\\\"\\n\""));
  EXPECT_THAT(events[3], HasSubstr("\U0001F9AC"));
}

TEST(Stream, SpeaksHttp10WithoutChunks) {
  inference::FakeBackend backend;
  const auto server = serve(backend);
  std::string request = chat(R"("stream":true)");
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  const auto answer = Client(server->port()).ask(request);
  EXPECT_EQ(answer.header("transfer-encoding"), "");
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(answer.events().back(), "[DONE]");
}

TEST(Stream, TellsAnErrorBeforeTheFirstTokenAsAStatus) {
  ScriptBackend backend([](const auto&, const auto& sink, auto) -> Result<Generation> {
    sink(inference::PromptProgress{1, 2});
    return fail(ErrorCode::kInvalidArgument, "the schema cannot be compiled");
  });
  const auto server = serve(backend);
  const auto answer = Client(server->port()).ask(chat(R"("stream":true)"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_THAT(answer.body, HasSubstr("the schema cannot be compiled"));
}

TEST(Stream, TellsAnErrorAfterTheFirstTokenAsAnEventAndCloses) {
  ScriptBackend backend([](const auto&, const auto& sink, auto) -> Result<Generation> {
    sink(TextDelta{"a"});
    return fail(ErrorCode::kOutOfMemory, "the cache is full");
  });
  const auto server = serve(backend);
  Client client(server->port());
  const auto answer = client.ask(chat(R"("stream":true)"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.events().back(), StartsWith(R"({"error":{"message":"the cache is full","type":"server_error")"));
  EXPECT_THAT(answer.body, Not(HasSubstr("[DONE]")));
  EXPECT_TRUE(client.ended());
}

TEST(Stream, AnswersAnExceptionOfABackendWith500) {
  ScriptBackend backend(
      [](const auto&, const auto&, auto) -> Result<Generation> { throw std::runtime_error("surprise"); });
  const auto server = serve(backend);
  Client client(server->port());
  EXPECT_EQ(client.ask(chat()).status, 500);
  EXPECT_EQ(client.ask(get("/healthz")).status, 200);
}

TEST(Stream, StopsTheGenerationWhenTheClientVanishesInTheMiddle) {
  Signal started, stopped;
  ScriptBackend backend(ScriptBackend::endless(started, stopped));
  const auto server = serve(backend);
  Client client(server->port());
  client.send(chat(R"("stream":true)"));
  ASSERT_FALSE(client.read_some().empty());
  client.vanish();
  EXPECT_TRUE(stopped.wait());
}

TEST(Stream, StopsTheGenerationWhenTheClientClosesWhileNothingIsSaid) {
  for (const bool speak : {true, false}) {
    Signal started, stopped, release;
    ScriptBackend backend(ScriptBackend::silent(started, stopped, release, speak));
    const auto server = serve(backend);
    {
      Client client(server->port());
      client.send(chat(R"("stream":true)"));
      ASSERT_TRUE(started.wait());
    }
    EXPECT_TRUE(stopped.wait());
  }
}

TEST(Stream, StopsAWholeAnswerToo) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  const auto server = serve(backend);
  {
    Client client(server->port());
    client.send(chat());
    ASSERT_TRUE(started.wait());
  }
  EXPECT_TRUE(stopped.wait());
}

TEST(Stream, MakesTheBackendWaitForASlowClientAndEndsOneThatTakesNothing) {
  Signal started, stopped;
  ScriptBackend backend(ScriptBackend::endless(started, stopped));
  ServerOptions options;
  options.limits.stream_buffer_bytes = 4096;
  options.limits.write_timeout = std::chrono::milliseconds(200);
  Signal logged;
  AccessRecord record;
  options.on_request = [&](const AccessRecord& one) {
    record = one;
    logged.set();
  };
  const auto server = serve(backend, options);
  Client client(server->port(), 4096);
  client.send(chat(R"("stream":true)"));
  EXPECT_TRUE(stopped.wait()) << "it never reads";
  ASSERT_TRUE(logged.wait());
  EXPECT_EQ(record.outcome, Outcome::kClientGone);
  EXPECT_LT(record.bytes_out, 64 << 20);
}

TEST(Stream, SaysNothingWithACommentNowAndThen) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  ServerOptions options;
  options.limits.ping_interval = std::chrono::milliseconds(20);
  const auto server = serve(backend, options);
  Client client(server->port());
  client.send(chat(R"("stream":true)"));
  std::string seen;
  while (seen.find(": ping\n\n") == std::string::npos) {
    const std::string piece = client.read_some();
    ASSERT_FALSE(piece.empty());
    seen += piece;
  }
  release.set();
}

TEST(Stream, ServesFiftyAtOnce) {
  constexpr int kStreams = 50;
  std::atomic<int> running{0};
  Signal all_run;
  // Nobody ends before all have begun: proof that they run at the same time.
  ScriptBackend backend([&](const auto& request, const auto& sink, auto) -> Result<Generation> {
    sink(TextDelta{request.messages.front().content});
    if (++running == kStreams) all_run.set();
    if (!all_run.wait()) return fail(ErrorCode::kTimeout, "the others did not come");
    for (int i = 0; i < 100; ++i) sink(TextDelta{"y"});
    return Generation{};
  });
  const auto server = serve(backend);
  std::vector<Client> clients;
  for (int i = 0; i < kStreams; ++i) {
    clients.emplace_back(server->port());
    clients.back().send(testing::post(
        "/v1/chat/completions",
        R"({"stream":true,"messages":[{"role":"user","content":"number )" + std::to_string(i) + R"("}]})"));
  }
  for (int i = 0; i < kStreams; ++i) {
    const auto events = clients[static_cast<std::size_t>(i)].read().events();
    ASSERT_EQ(events.size(), 104u);
    EXPECT_THAT(events[1], HasSubstr("\"content\":\"number " + std::to_string(i) + "\""));
    EXPECT_EQ(events.back(), "[DONE]");
  }
}

TEST(Stream, AnswersPipelinedRequestsInTheirOrder) {
  inference::FakeBackend backend;
  const auto server = serve(backend);
  Client client(server->port());
  client.send(chat(R"("stream":true)") + get("/v1/models") + chat(R"("max_tokens":1)") + get("/nothing") +
              get("/healthz"));
  EXPECT_EQ(client.read().events().back(), "[DONE]");
  EXPECT_THAT(client.read().body, HasSubstr(R"("object":"list")"));
  EXPECT_THAT(client.read().body, HasSubstr(R"("content":"H")"));
  EXPECT_EQ(client.read().status, 404);
  EXPECT_EQ(client.read().body, R"({"status":"ok"})");
}

TEST(Stream, RefusesWithRetryAfterWhenTheQueueIsFull) {
  Signal started, stopped, release;
  ScriptBackend backend(ScriptBackend::silent(started, stopped, release));
  ServerOptions options;
  options.limits.concurrent_requests = 1;
  options.limits.queued_requests = 0;
  const auto server = serve(backend, options);
  Client first(server->port()), second(server->port());
  first.send(chat());
  ASSERT_TRUE(started.wait());
  const auto refused = second.ask(chat());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_THAT(refused.body, HasSubstr(R"("code":"unavailable")"));
  EXPECT_EQ(second.ask(get("/healthz")).status, 200) << "health does not need the queue";
  release.set();
  EXPECT_EQ(first.read().status, 200);
}

}  // namespace
}  // namespace zubr::server
