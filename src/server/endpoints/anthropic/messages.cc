// POST /v1/messages and /v1/messages/count_tokens.
#include <fmt/format.h>

#include "server/anthropic/message_request.h"
#include "server/anthropic/message_response.h"
#include "server/endpoints/endpoints.h"
#include "server/lent_model.h"

namespace zubr::server::endpoints {

void anthropic_messages(const Site& site, const Request& request, Exchange& exchange) {
  ReplyStream stream(exchange, anthropic::kNamedEvents);
  auto wanted = anthropic::parse_message_request(request.body, site.limits, /*counting=*/false);
  if (!wanted) return stream.fail(wanted.error());
  wanted->generate.client = request.client;
  const auto lent = lend(site, {.name = wanted->generate.model}, exchange.stop_token());
  if (!lent) return stream.fail(lent.error());
  const LentModel& model = *lent;
  if (const auto error = check_thinking(model, wanted->generate.thinking)) return stream.fail(*error);
  if (const auto error = fetch_media(site.fetch_media, wanted->generate.messages, "messages", exchange.stop_token()))
    return stream.fail(*error);
  const std::string id = "msg_" + request.id;
  anthropic::MessageEvents events(id, model.info.name);
  const auto on_event = [&](const inference::Event& event) {
    if (!wanted->stream) return;
    if (const std::string bytes = events.of(event); !bytes.empty()) stream.write(bytes);
  };
  const auto generation = model.backend->generate(wanted->generate, on_event, exchange.stop_token());
  if (!generation) return stream.fail(request_error(generation.error(), "messages"));
  if (stream.stopped()) return stream.fail_stopped();
  if (wanted->stream) {
    stream.write(events.finish(*generation));
    return stream.end();
  }
  Response response;
  response.body = anthropic::message_json(id, model.info.name, *generation);
  exchange.send(std::move(response));
}

void anthropic_count_tokens(const Site& site, const Request& request, Exchange& exchange) {
  const auto refuse = [&](const ApiError& error) { exchange.send(error_response(error, Dialect::kAnthropic)); };
  const auto wanted = anthropic::parse_message_request(request.body, site.limits, /*counting=*/true);
  if (!wanted) return refuse(wanted.error());
  const auto lent = lend(site, {.name = wanted->generate.model}, exchange.stop_token());
  if (!lent) return refuse(lent.error());
  const LentModel& model = *lent;
  const auto prompt = model.backend->render(wanted->generate);
  if (!prompt) return refuse(request_error(prompt.error(), "messages"));
  Response response;
  response.body = fmt::format(R"({{"input_tokens":{}}})", prompt->tokens.size());
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
