// Every way in which a provider can fail, over a real connection.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <thread>

#include "providers/testing/fake_upstream.h"

namespace zubr::providers {
namespace {

using namespace testing;  // NOLINT

constexpr const char* kKey = "sk-test-0123456789abcdef";
constexpr const char* kPrompt = "the secret plan of the Białowieża office";

UpstreamError failure_of(const Reply& reply, const inference::EventSink& sink = {}) {
  FaultServer server([&](const Received&) { return reply; });
  const auto answer = upstream_at(provider_at(server)).generate("m", kKey, user_says(kPrompt), sink, {});
  if (answer) {
    ADD_FAILURE() << "went well: " << answer->generation.text;
    return {};
  }
  EXPECT_TRUE(answer.error().message.find("sk-test") == std::string::npos) << answer.error().message;
  EXPECT_TRUE(answer.error().message.find("secret plan") == std::string::npos) << answer.error().message;
  EXPECT_TRUE(answer.error().message.starts_with("fake/m: ")) << answer.error().message;
  EXPECT_TRUE(answer.error().said.empty());
  return answer.error();
}

TEST(FaultsOnTheWire, StatusesAreWhatTheyMean) {
  const auto fault = [](int status, const std::string& body) { return failure_of(json_reply(body, status)).fault; };
  EXPECT_EQ(fault(401, R"({"error":{"message":"Incorrect API key provided: sk-test-0123456789abcdef"}})"),
            Fault::kBadKey);
  EXPECT_EQ(fault(402, R"({"error":{"message":"Insufficient credits","code":402}})"), Fault::kNoCredit);
  EXPECT_EQ(fault(403, R"({"error":{"message":"no access"}})"), Fault::kForbidden);
  EXPECT_EQ(fault(404, R"({"error":{"code":"model_not_found","message":"no m"}})"), Fault::kNoSuchModel);
  EXPECT_EQ(fault(429, R"({"error":{"message":"slow down"}})"), Fault::kRateLimited);
  EXPECT_EQ(fault(429, R"({"error":{"type":"insufficient_quota","message":"pay"}})"), Fault::kNoCredit);
  EXPECT_EQ(fault(400, R"({"error":{"code":"context_length_exceeded","message":"x"}})"), Fault::kContextTooLong);
  EXPECT_EQ(fault(400, R"({"error":{"message":"This model's maximum context length is 4096 tokens"}})"),
            Fault::kContextTooLong);
  EXPECT_EQ(fault(400, R"({"error":{"type":"exceed_context_size_error","message":"x"}})"), Fault::kContextTooLong);
  EXPECT_EQ(fault(400, R"({"error":{"code":"content_filter","message":"x"}})"), Fault::kContentFiltered);
  EXPECT_EQ(fault(400, R"({"object":"error","message":"bad top_p","type":"BadRequestError"})"), Fault::kBadRequest);
  EXPECT_EQ(fault(422, R"({"detail":[{"msg":"field required"}]})"), Fault::kBadRequest);
  EXPECT_EQ(fault(500, "<html>oops</html>"), Fault::kServerError);
  EXPECT_EQ(fault(502, ""), Fault::kServerError);
  EXPECT_EQ(fault(503, R"({"error":"busy"})"), Fault::kOverloaded);
  EXPECT_EQ(fault(529, ""), Fault::kOverloaded);
  EXPECT_EQ(fault(504, ""), Fault::kTimeout);
}

TEST(FaultsOnTheWire, RetryAfterIsRead) {
  Reply reply = json_reply(R"({"error":{"message":"slow down"}})", 429);
  reply.headers.add("Retry-After", "7");
  EXPECT_EQ(failure_of(reply).retry_after, std::chrono::milliseconds(7000));
}

TEST(FaultsOnTheWire, TheProvidersWordsAreShownButNeverTheKeyOrThePrompt) {
  const UpstreamError plain = failure_of(json_reply(R"({"error":{"message":"top_p must be below 1\u001b[31m"}})", 400));
  EXPECT_NE(plain.message.find("top_p must be below 1"), std::string::npos) << plain.message;
  EXPECT_EQ(plain.message.find('\x1b'), std::string::npos);
  const UpstreamError echo =
      failure_of(json_reply(std::string(R"({"error":{"message":"cannot parse ')") + kPrompt + R"('"}})", 400));
  EXPECT_NE(echo.message.find("repeat the request"), std::string::npos) << echo.message;
  const UpstreamError key = failure_of(json_reply(R"({"error":{"message":"bad key sk-test-01"}})", 401));
  EXPECT_NE(key.message.find("FAKE_KEY"), std::string::npos) << key.message;
}

TEST(FaultsOnTheWire, AnErrorInsideAnAnswerThatBeganWellIsAnError) {
  const std::string begin = R"({"choices":[{"delta":{"content":""}}]})";
  EXPECT_EQ(failure_of(stream_reply(sse({begin, R"({"error":{"code":429,"message":"busy"}})"}))).fault,
            Fault::kRateLimited);
  EXPECT_EQ(failure_of(stream_reply(sse({R"({"error":{"code":502,"message":"Provider returned error"},)"
                                         R"("choices":[{"delta":{"content":""},"finish_reason":"error"}]})"})))
                .fault,
            Fault::kServerError);
  EXPECT_EQ(failure_of(json_reply(R"({"error":{"message":"no credit","type":"insufficient_quota"}})")).fault,
            Fault::kNoCredit);
  EXPECT_EQ(failure_of(stream_reply(sse({R"({"choices":[{"delta":{},"finish_reason":"content_filter"}]})"}))).fault,
            Fault::kContentFiltered);
  const UpstreamError late = failure_of(
      stream_reply(sse({R"({"choices":[{"delta":{"content":"half"}}]})", R"({"error":{"message":"server died"}})"})));
  EXPECT_EQ(late.fault, Fault::kServerError);
  EXPECT_TRUE(late.after_output);
}

TEST(FaultsOnTheWire, WhatIsNoAnswerIsNotUnderstood) {
  EXPECT_EQ(failure_of({.status = 200, .headers = {{"Content-Type", "text/html"}}, .body = "<html>"}).fault,
            Fault::kNotUnderstood);
  EXPECT_EQ(failure_of({.status = 200, .body = "{}"}).fault, Fault::kNotUnderstood) << "no content type";
  EXPECT_EQ(failure_of(stream_reply("data: {broken\n\n")).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(stream_reply("data: [1,2]\n\n")).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(stream_reply("data: [DONE]\n\n")).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(stream_reply("data: {\"choices\":[{\"delta\":{\"content\":\"\xff\"}}]}\n\n")).fault,
            Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(json_reply("{\"choices\":[]}")).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(json_reply("nonsense")).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(json_reply(std::string(100'000, '['))).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(stream_reply("data: " + std::string(9u << 20, 'x') + "\n\n")).fault, Fault::kNotUnderstood);
  EXPECT_EQ(failure_of(stream_reply(sse({R"({"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})"}))).fault,
            Fault::kNotUnderstood);
}

TEST(FaultsOnTheWire, AStreamCutAtAnyByteIsNeverAWholeAnswer) {
  const std::string whole = hello_stream();
  const std::size_t finished = whole.find("\"finish_reason\":\"stop\"}]}\n\n") + 27;
  for (std::uint64_t at = 0; at <= whole.size(); at += at < finished && at + 9 > finished ? 1 : 7) {
    Reply reply = stream_reply(whole);
    reply.drop_after = at;
    FaultServer server([&](const Received&) { return reply; });
    const auto answer = upstream_at(provider_at(server)).generate("m", kKey, user_says(kPrompt), {}, {});
    if (at >= finished) {
      EXPECT_TRUE(answer) << at << ": the end of the answer had been said";
      continue;
    }
    ASSERT_FALSE(answer) << at;
    EXPECT_TRUE(answer.error().fault == Fault::kNetwork || answer.error().fault == Fault::kCut) << at;
    EXPECT_EQ(answer.error().fault == Fault::kCut, answer.error().after_output) << at;
  }
  for (const std::size_t at : {std::size_t{0}, std::size_t{200}, finished - 40}) {
    Reply reply = stream_reply(whole.substr(0, at));  // ends as it should, in the middle of the answer
    reply.no_length = true;
    EXPECT_EQ(failure_of(reply).fault, Fault::kCut) << at;
  }
}

TEST(FaultsOnTheWire, AnotherAddressDoesNotGetThePrompt) {
  FaultServer elsewhere([](const Received&) { return stream_reply(hello_stream()); });
  for (const int status : {301, 302, 303, 307, 308}) {
    Reply reply = json_reply("{}", status);
    reply.headers.add("Location", elsewhere.url("/v1/chat/completions"));
    EXPECT_EQ(failure_of(reply).fault, Fault::kNotUnderstood);
  }
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(FaultsOnTheWire, NobodyThere) {
  Provider provider;
  {
    FaultServer gone([](const Received&) { return Reply{}; });
    provider = provider_at(gone);
  }
  const auto answer = upstream_at(provider).generate("m", kKey, user_says(kPrompt), {}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::kNetwork);
}

TEST(FaultsOnTheWire, SilenceEndsWithTheProvidersPatienceTheDeadlineOrTheUser) {
  Reply reply = stream_reply(hello_stream());
  reply.stall_after = 300;
  FaultServer server([&](const Received&) { return reply; });
  Provider provider = provider_at(server);
  provider.limits.patience = std::chrono::milliseconds(150);
  const auto late = upstream_at(provider).generate("m", kKey, user_says(kPrompt), {}, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().fault, Fault::kTimeout);

  inference::GenerateRequest request = user_says(kPrompt);
  request.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(150);
  const auto past = upstream_at(provider_at(server)).generate("m", kKey, request, {}, {});
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().fault, Fault::kTimeout);
  EXPECT_NE(past.error().message.find("deadline"), std::string::npos);

  std::stop_source stop;
  const auto stopped =
      upstream_at(provider_at(server))
          .generate(
              "m", kKey, user_says(kPrompt), [&](const inference::Event&) { stop.request_stop(); }, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().fault, Fault::kCancelled);
}

RC_GTEST_PROP(FaultsOnTheWireProperty, AnyErrorBodyGivesAFaultAndAShortMessage, (const std::string& body)) {
  for (const int status : {200, 400, 404, 429, 500}) {
    const Complaint complaint = read_complaint(status, body);
    RC_ASSERT(!fault_name(classify(complaint)).empty());
    RC_ASSERT(say_safely(complaint.text, {kKey}, {kPrompt}).size() <= 303);
  }
}

}  // namespace
}  // namespace zubr::providers
