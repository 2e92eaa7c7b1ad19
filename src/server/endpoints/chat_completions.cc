// POST /v1/chat/completions. A stream commits to 200 only with its first token, so whatever goes wrong before is a
// proper HTTP error; after it, an error is an event of the stream, and the connection ends.
#include <chrono>

#include "server/api_error.h"
#include "server/endpoints/endpoints.h"
#include "server/endpoints/model_name.h"
#include "server/openai/chat_request.h"
#include "server/openai/chat_response.h"

namespace zubr::server::endpoints {
namespace {

using inference::Generation;
using openai::ChatAnswer;
using openai::ChatRequest;

// kTooLarge means "the context" here; clients know it as a 400 with this code.
ApiError chat_error(const Error& error) {
  ApiError answer = api_error(error);
  if (error.code() != ErrorCode::kTooLarge) return answer;
  answer.status = 400;
  answer.param = "messages";
  answer.code = "context_length_exceeded";
  return answer;
}

// The request for choice `index`: equal seeds would make equal answers.
inference::GenerateRequest of_choice(const ChatRequest& chat, int index) {
  inference::GenerateRequest request = chat.generate;
  if (request.sampling.seed) *request.sampling.seed += static_cast<std::uint32_t>(index);
  return request;
}

void answer_whole(const Site& site, const ChatRequest& chat, const ChatAnswer& answer, Exchange& exchange) {
  std::vector<Generation> choices;
  for (int index = 0; index < chat.choices; ++index) {
    auto generation = site.backend.generate(
        of_choice(chat, index), [](const inference::Event&) {}, exchange.stop_token());
    if (!generation) return exchange.send(error_response(chat_error(generation.error())));
    choices.push_back(*std::move(generation));
  }
  Response response;
  response.body = openai::completion_json(answer, choices);
  exchange.send(std::move(response));
}

class ChatStream {
 public:
  ChatStream(const ChatAnswer& answer, bool include_usage, Exchange& exchange)
      : chunks_(answer, include_usage), exchange_(exchange) {}

  void start_choice(int index) {
    if (index < next_choice_) return;
    next_choice_ = index + 1;
    if (index == 0) {
      exchange_.begin({.status = 200,
                       .content_type = "text/event-stream; charset=utf-8",
                       .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
    }
    exchange_.write(chunks_.role(index));
  }

  void text(int index, std::string_view delta) {
    start_choice(index);
    exchange_.write(chunks_.text(index, delta));
  }

  void finish(int index, inference::FinishReason reason) {
    start_choice(index);  // an empty answer has no delta that did it
    exchange_.write(chunks_.finish(index, reason));
  }

  void fail(const ApiError& error) {
    if (!exchange_.answered()) return exchange_.send(error_response(error));
    exchange_.end("data: " + error_json(error) + "\n\n", true);
  }

  const openai::ChunkWriter& chunks() const { return chunks_; }

 private:
  openai::ChunkWriter chunks_;
  Exchange& exchange_;
  int next_choice_ = 0;
};

void answer_stream(const Site& site, const ChatRequest& chat, const ChatAnswer& answer, Exchange& exchange) {
  ChatStream stream(answer, chat.include_usage, exchange);
  std::vector<Generation> choices;
  for (int index = 0; index < chat.choices; ++index) {
    const auto on_event = [&](const inference::Event& event) {
      if (const auto* delta = std::get_if<inference::TextDelta>(&event)) stream.text(index, delta->text);
    };
    auto generation = site.backend.generate(of_choice(chat, index), on_event, exchange.stop_token());
    if (!generation) return stream.fail(chat_error(generation.error()));
    if (exchange.stop_token().stop_requested())  // writes were dropped: this must not look like a whole answer
      return stream.fail(api_error({ErrorCode::kCancelled, "the answer was stopped"}));
    stream.finish(index, generation->finish);
    choices.push_back(*std::move(generation));
  }
  std::string last = chat.include_usage ? stream.chunks().usage(openai::total_usage(choices)) : "";
  exchange.end(last.append(openai::kDone));
}

}  // namespace

void chat_completions(const Site& site, const Request& request, Exchange& exchange) {
  const auto chat = openai::parse_chat_request(request.body, site.limits);
  if (!chat) return exchange.send(error_response(chat.error()));
  const std::string& model = chat->generate.model;
  if (!model.empty() && model != site.model.name) return exchange.send(error_response(model_not_found(site, model)));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const ChatAnswer answer{.id = "chatcmpl-" + request.id,
                          .created = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                          .model = site.model.name};
  if (chat->stream)
    answer_stream(site, *chat, answer, exchange);
  else
    answer_whole(site, *chat, answer, exchange);
}

}  // namespace zubr::server::endpoints
