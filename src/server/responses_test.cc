// /v1/responses, /v1/files and /v1/rerank where a case needs what an earlier one left.
#include <boost/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/temp_dir.h"
#include "server/server.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

namespace json = boost::json;
using inference::GenerateRequest;
using inference::Generation;
using testing::Answer;
using testing::Client;
using ::testing::ElementsAre;
using testing::get;
using ::testing::HasSubstr;
using testing::post;

class Stateful : public ::testing::Test {
 protected:
  Stateful() : backend_([this](const auto& request, const auto& sink, const auto&) { return answer(request, sink); }) {
    options_.folder = dir_.path();
  }
  Result<Generation> answer(const GenerateRequest& request, const inference::EventSink& sink) {
    asked_ = request;
    for (const auto& event : events_) sink(event);
    return generation_;
  }
  Answer ask(const std::string& bytes) {
    if (!server_) server_ = *Server::start(options_, backend_);
    return Client(server_->port()).ask(bytes);
  }
  json::object object(const std::string& bytes) {
    const Answer answer = ask(bytes);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body).as_object();
  }
  static std::string text(const json::object& object, const char* name) {
    return std::string(object.at(name).as_string());
  }
  static std::string removal(const std::string& path) {
    return "DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  std::vector<std::string> said() const {
    std::vector<std::string> lines;
    for (const auto& message : asked_.messages) {
      std::string line = message.content;
      for (const auto& call : message.tool_calls) line += "+" + call.name + call.arguments;
      if (message.role == inference::Role::kTool) line += "<" + message.tool_name;
      lines.push_back(line);
    }
    return lines;
  }

  core::TempDir dir_;
  GenerateRequest asked_;
  std::vector<inference::Event> events_;
  Generation generation_{.text = "hello", .usage = {.prompt_tokens = 3, .completion_tokens = 2}};
  testing::ScriptBackend backend_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(Stateful, AResponseGoesOnFromTheOneBefore) {
  const auto first = object(post("/v1/responses", R"({"input":"one","instructions":"be kind"})"));
  EXPECT_THAT(said(), ElementsAre("be kind", "one"));
  generation_.text = "again";
  const auto second =
      object(post("/v1/responses", R"({"input":"two","previous_response_id":")" + text(first, "id") + "\"}"));
  EXPECT_THAT(said(), ElementsAre("one", "hello", "two")) << "instructions hold for one response";
  server_.reset();  // what is kept outlives the server
  object(post("/v1/responses", R"({"input":"three","previous_response_id":")" + text(second, "id") + "\"}"));
  EXPECT_THAT(said(), ElementsAre("one", "hello", "two", "again", "three"));
}

TEST_F(Stateful, ACallAndItsAnswerArePartsOfTheConversation) {
  generation_ = {.text = "", .usage = {}, .tool_calls = {{.id = "c1", .name = "walk", .arguments = R"({"a":1})"}}};
  const std::string tools =
      R"("tools":[{"type":"function","name":"walk","parameters":{"type":"object"},"strict":false}])";
  const auto first = object(post("/v1/responses", R"({"input":"go",)" + tools + "}"));
  const auto& call = first.at("output").as_array().at(0).as_object();
  EXPECT_EQ(text(call, "type"), "function_call");
  EXPECT_EQ(text(call, "call_id"), "c1");
  object(post("/v1/responses", R"({"input":[{"type":"function_call_output","call_id":"c1","output":"done"}],)" + tools +
                                   R"(,"previous_response_id":")" + text(first, "id") + "\"}"));
  EXPECT_THAT(said(), ElementsAre("go", R"(+walk{"a":1})", "done<walk"));
  const Answer unknown =
      ask(post("/v1/responses", R"({"input":[{"type":"function_call_output","call_id":"c9","output":"x"}]})"));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("which nobody made"));
}

TEST_F(Stateful, IsFoundListedAndDeleted) {
  const std::string path = "/v1/responses/" + text(object(post("/v1/responses", R"({"input":"one"})")), "id");
  EXPECT_EQ(text(object(get(path)), "status"), "completed");
  EXPECT_THAT(ask(get(path + "/input_items")).body, HasSubstr(R"("text":"one")"));
  EXPECT_EQ(ask(removal(path)).status, 200);
  EXPECT_EQ(ask(get(path)).status, 404);
  EXPECT_EQ(ask(removal(path)).status, 404);
  EXPECT_EQ(ask(get(path + "/input_items")).status, 404);
}

TEST_F(Stateful, WhatIsNotToBeKeptIsNot) {
  const auto response = object(post("/v1/responses", R"({"input":"one","store":false})"));
  EXPECT_EQ(ask(get("/v1/responses/" + text(response, "id"))).status, 404);
  const Answer next =
      ask(post("/v1/responses", R"({"input":"x","previous_response_id":")" + text(response, "id") + "\"}"));
  EXPECT_EQ(next.status, 400);
  EXPECT_THAT(next.body, HasSubstr("previous_response_not_found"));
}

TEST_F(Stateful, AStreamHasTheEventsOfTheApiInOrder) {
  events_ = {inference::ThoughtDelta{"hm"}, inference::TextDelta{"hel"}, inference::TextDelta{"lo"},
             inference::ToolCallDelta{.index = 0, .id = "c1", .name = "walk", .arguments = "{"},
             inference::ToolCallDelta{.index = 0, .id = "", .name = "", .arguments = "}"}};
  generation_ = {
      .text = "hello", .usage = {}, .thoughts = "hm", .tool_calls = {{.id = "c1", .name = "walk", .arguments = "{}"}}};
  const Answer answer = ask(post("/v1/responses", R"({"input":"one","stream":true})"));
  std::vector<std::string> types;
  std::int64_t next = 0;
  json::object last;
  for (std::size_t at = 0; (at = answer.body.find("\ndata: ", at)) != std::string::npos;) {
    at += 7;
    last = json::parse(answer.body.substr(at, answer.body.find("\n\n", at) - at)).as_object();
    EXPECT_EQ(last.at("sequence_number"), next++);
    types.push_back(text(last, "type").substr(9));
  }
  EXPECT_THAT(types,
              ElementsAre("created", "in_progress", "output_item.added", "reasoning_text.delta", "reasoning_text.done",
                          "output_item.done", "output_item.added", "content_part.added", "output_text.delta",
                          "output_text.delta", "output_text.done", "content_part.done", "output_item.done",
                          "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta",
                          "function_call_arguments.done", "output_item.done", "completed"));
  const auto& response = last.at("response").as_object();
  EXPECT_EQ(response.at("output").as_array().size(), 3u);
  EXPECT_EQ(object(get("/v1/responses/" + text(response, "id"))), response) << "what was streamed is what is kept";
}

TEST_F(Stateful, AnAnswerThatWasCutSaysSo) {
  generation_.finish = inference::FinishReason::kLength;
  const auto response = object(post("/v1/responses", R"({"input":"one","max_output_tokens":2})"));
  EXPECT_EQ(text(response, "status"), "incomplete");
  EXPECT_EQ(text(response.at("incomplete_details").as_object(), "reason"), "max_output_tokens");
}

TEST_F(Stateful, AnErrorAfterTheFirstTokenIsAnEventAndNothingIsKept) {
  testing::ScriptBackend failing([](const auto&, const auto& sink, const auto&) -> Result<Generation> {
    sink(inference::TextDelta{"x"});
    return fail(ErrorCode::kInternal, "the model broke");
  });
  server_ = *Server::start(options_, failing);
  const Answer answer = ask(post("/v1/responses", R"({"input":"one","stream":true})"));
  EXPECT_THAT(answer.body, HasSubstr(R"(data: {"error":{"message":"the model broke")"));
  EXPECT_EQ(answer.body.find("response.completed"), std::string::npos);
  const auto begin = answer.body.find("resp_");
  server_.reset();
  EXPECT_EQ(ask(get("/v1/responses/" + answer.body.substr(begin, 37))).status, 404);
}

std::string upload(const std::string& content, const std::string& purpose = "user_data",
                   const std::string& name = "a.txt") {
  const std::string body = "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n" + purpose +
                           "\r\n--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
                           "\"\r\nContent-Type: text/html\r\n\r\n" + content + "\r\n--XX--\r\n";
  return "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(Stateful, FilesAreKeptGivenBackAndDeleted) {
  const auto file = object(upload("<b>\r\n\x01"));
  const std::string path = "/v1/files/" + text(file, "id");
  EXPECT_EQ(file.at("bytes"), 6);
  EXPECT_EQ(text(object(get(path)), "filename"), "a.txt");
  const Answer content = ask(get(path + "/content"));
  EXPECT_EQ(content.body, "<b>\r\n\x01");
  EXPECT_EQ(content.header("content-type"), "application/octet-stream") << "a browser must not run it";
  EXPECT_EQ(object(get("/v1/files")).at("data").as_array().size(), 1u);
  EXPECT_EQ(object(get("/v1/files?purpose=batch")).at("data").as_array().size(), 0u);
  EXPECT_EQ(ask(removal(path)).status, 200);
  EXPECT_EQ(ask(get(path)).status, 404);
  EXPECT_EQ(ask(get(path + "/content")).status, 404);
}

TEST_F(Stateful, FilesThatAreNotInTheirFormAreRefused) {
  EXPECT_EQ(ask(upload("x", "world domination")).status, 400);
  EXPECT_EQ(ask(upload("x", "batch", "")).status, 400);
  EXPECT_EQ(ask(post("/v1/files", "{}")).status, 400);
  EXPECT_EQ(ask(get("/v1/files/..%2Ffiles.db/content")).status, 404);
  options_.limits.body_bytes = 1'000;
  server_.reset();
  EXPECT_EQ(ask(upload(std::string(1'000, 'x'))).status, 413);
}

TEST_F(Stateful, WithoutAFolderThereAreNoFiles) {
  options_.folder.clear();
  EXPECT_EQ(ask(get("/v1/files")).status, 501);
  EXPECT_EQ(ask(post("/v1/responses", R"({"input":"one"})")).status, 200);
}

class Embedder : public inference::FakeBackend {
 public:
  inference::ModelInfo info() const override {
    auto info = FakeBackend::info();
    info.can_generate = false;
    return info;
  }
  Result<std::vector<Result<inference::Embedding>>> embed(const inference::EmbedRequest& request,
                                                          std::stop_token) override {
    std::vector<Result<inference::Embedding>> all;
    for (const auto& text : request.texts) {
      const float x = std::stof(text);
      all.push_back(inference::Embedding{.values = {x, std::sqrt(1 - x * x)}, .tokens = 1});
    }
    return all;
  }
};

TEST(Rerank, OrdersByTheCosineWithTheQuery) {
  Embedder backend;
  const auto server = *Server::start({}, backend);
  const Answer answer =
      Client(server->port())
          .ask(post("/v1/rerank", R"({"query":"1","documents":["0.2","0.9",{"text":"0.5"}],"top_n":2,)"
                                  R"("return_documents":true})"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto body = json::parse(answer.body).as_object();
  const auto& results = body.at("results").as_array();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].at("index"), 1);
  EXPECT_NEAR(results[0].at("relevance_score").as_double(), 0.9, 1e-6);
  EXPECT_EQ(results[1].at("index"), 2);
  EXPECT_EQ(results[1].at("document").at("text"), "0.5");
  EXPECT_EQ(body.at("usage").at("prompt_tokens"), 4);
}

}  // namespace
}  // namespace zubr::server
