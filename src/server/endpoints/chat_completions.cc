// POST /v1/chat/completions.
#include <chrono>

#include "server/api_error.h"
#include "server/endpoints/endpoints.h"
#include "server/endpoints/reply_stream.h"
#include "server/lent_model.h"
#include "server/openai/chat_request.h"
#include "server/openai/chat_response.h"
#include "server/openai/usage_json.h"

namespace zubr::server::endpoints {
namespace {

using inference::Generation;
using openai::ChatAnswer;
using openai::ChatRequest;

// The request for choice `index`: equal seeds would make equal answers.
inference::GenerateRequest of_choice(const ChatRequest& chat, int index) {
  inference::GenerateRequest request = chat.generate;
  if (request.sampling.seed) *request.sampling.seed += static_cast<std::uint32_t>(index);
  return request;
}

void answer_whole(const LentModel& model, const ChatRequest& chat, const ChatAnswer& answer, Exchange& exchange) {
  std::vector<Generation> choices;
  for (int index = 0; index < chat.choices; ++index) {
    auto generation = model.backend->generate(
        of_choice(chat, index), [](const inference::Event&) {}, exchange.stop_token());
    if (!generation) return exchange.send(error_response(request_error(generation.error(), "messages")));
    choices.push_back(*std::move(generation));
  }
  Response response;
  response.body = openai::completion_json(answer, choices);
  exchange.send(std::move(response));
}

class ChatStream : public ReplyStream {
 public:
  ChatStream(const ChatAnswer& answer, bool include_usage, Exchange& exchange)
      : ReplyStream(exchange, kEvents), chunks_(answer, include_usage) {}

  void start_choice(int index) {
    if (index < next_choice_) return;
    next_choice_ = index + 1;
    write(chunks_.role(index));
  }

  void event(int index, const inference::Event& event) {
    if (std::holds_alternative<inference::PromptProgress>(event)) return;
    start_choice(index);
    if (const auto* text = std::get_if<inference::TextDelta>(&event)) write(chunks_.text(index, *text));
    if (const auto* thought = std::get_if<inference::ThoughtDelta>(&event))
      write(chunks_.thought(index, thought->text));
    if (const auto* call = std::get_if<inference::ToolCallDelta>(&event)) write(chunks_.call(index, *call));
  }

  void finish(int index, const Generation& generation) {
    start_choice(index);  // an empty answer has no delta that did it
    write(chunks_.finish(index, generation));
  }

  const openai::ChunkWriter& chunks() const { return chunks_; }

 private:
  openai::ChunkWriter chunks_;
  int next_choice_ = 0;
};

void answer_stream(const LentModel& model, const ChatRequest& chat, const ChatAnswer& answer, Exchange& exchange) {
  ChatStream stream(answer, chat.include_usage, exchange);
  std::vector<Generation> choices;
  for (int index = 0; index < chat.choices; ++index) {
    const auto on_event = [&](const inference::Event& event) { stream.event(index, event); };
    auto generation = model.backend->generate(of_choice(chat, index), on_event, exchange.stop_token());
    if (!generation) return stream.fail(request_error(generation.error(), "messages"));
    if (stream.stopped()) return stream.fail_stopped();
    stream.finish(index, *generation);
    choices.push_back(*std::move(generation));
  }
  std::string last = chat.include_usage ? stream.chunks().usage(openai::total_usage(choices)) : "";
  stream.end(last.append(openai::kDone));
}

}  // namespace

void chat_completions(const Site& site, const Request& request, Exchange& exchange) {
  auto chat = openai::parse_chat_request(request.body, site.limits);
  if (!chat) return exchange.send(error_response(chat.error()));
  chat->generate.client = request.client;
  const auto lent = lend(site, {.name = chat->generate.model}, exchange.stop_token());
  if (!lent) return exchange.send(error_response(lent.error()));
  if (const auto error = fetch_media(site.fetch_media, chat->generate.messages, "messages", exchange.stop_token()))
    return exchange.send(error_response(*error));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const ChatAnswer answer{.id = "chatcmpl-" + request.id,
                          .created = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                          .model = lent->info.name};
  if (chat->stream)
    answer_stream(*lent, *chat, answer, exchange);
  else
    answer_whole(*lent, *chat, answer, exchange);
}

}  // namespace zubr::server::endpoints
