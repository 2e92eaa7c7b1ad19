// POST /api/chat: the next message of a conversation.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/ollama/ollama_request.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

using Clock = std::chrono::steady_clock;

std::string head(std::string_view model) {
  return fmt::format(R"({{"model":{},"created_at":"{}",)", json_text(model),
                     ollama::date_text(std::chrono::system_clock::now()));
}

std::string message_json(std::string_view text, std::string_view thinking,
                         const std::vector<inference::ToolCall>& calls) {
  return fmt::format(R"("message":{{"role":"assistant","content":{}{}{}}})", json_text(text),
                     thinking.empty() ? "" : fmt::format(R"(,"thinking":{})", json_text(thinking)),
                     calls.empty() ? "" : fmt::format(R"(,"tool_calls":{})", ollama::tool_calls_json(calls)));
}

}  // namespace

void ollama_chat(const Site& site, const Request& request, Exchange& exchange) {
  const auto started = Clock::now();
  ReplyStream stream(exchange, ollama::kLines);
  auto wanted = ollama::parse_chat(request.body, site.limits);
  if (!wanted) return stream.fail(wanted.error());
  wanted->generate.client = request.client;
  const auto& generate = wanted->generate;
  const auto lent = lend(site, wanted->wish(), exchange.stop_token());
  if (!lent) return stream.fail(lent.error());
  if (const auto error = check_thinking(*lent, wanted->thinking_wanted)) return stream.fail(*error);
  const std::string model = generate.model.empty() ? lent->info.name : generate.model;
  const auto send = [&](std::string body) {
    Response response;
    response.body = std::move(body);
    exchange.send(std::move(response));
  };
  if (generate.messages.empty())
    return send(head(model) + message_json("", "", {}) +
                fmt::format(R"(,"done":true,"done_reason":"{}"}})", wanted->unloads() ? "unload" : "load"));

  const auto piece = [&](std::string_view text, std::string_view thinking,
                         const std::vector<inference::ToolCall>& calls,
                         const std::vector<inference::TokenLogprobs>& logprobs) {
    stream.write(fmt::format("{}{},\"done\":false{}}}\n", head(model), message_json(text, thinking, calls),
                             ollama::logprobs_field(logprobs)));
  };
  // A call is sent whole, as its arguments are an object and not a text.
  const auto on_event = [&](const inference::Event& event) {
    if (!wanted->stream) return;
    if (const auto* text = std::get_if<inference::TextDelta>(&event))
      piece(text->text, "", {}, text->logprobs);
    else if (const auto* thought = std::get_if<inference::ThoughtDelta>(&event))
      piece("", thought->text, {}, {});
  };
  const auto generation = lent->backend->generate(generate, on_event, exchange.stop_token());
  if (!generation) return stream.fail(request_error(generation.error(), "messages"));
  if (stream.stopped()) return stream.fail_stopped();
  const std::string metrics = ollama::metrics_fields(*generation, Clock::now() - started, lent->load_time);
  if (!wanted->stream)
    return send(fmt::format(R"({}{},"done":true,{}{}}})", head(model),
                            message_json(generation->text, generation->thoughts, generation->tool_calls), metrics,
                            ollama::logprobs_field(generation->logprobs)));
  if (!generation->tool_calls.empty()) piece("", "", generation->tool_calls, {});
  stream.write(fmt::format("{}{},\"done\":true,{}}}\n", head(model), message_json("", "", {}), metrics));
  stream.end();
}

}  // namespace zubr::server::endpoints
