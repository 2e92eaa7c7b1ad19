// POST /v1/messages and /v1/messages/count_tokens.
#include <fmt/format.h>

#include "server/anthropic/message_request.h"
#include "server/anthropic/message_response.h"
#include "server/endpoints/endpoints.h"
#include "server/endpoints/model_name.h"

namespace zubr::server::endpoints {

void anthropic_messages(const Site& site, const Request& request, Exchange& exchange) {
  ReplyStream stream(exchange, anthropic::kNamedEvents);
  auto wanted = anthropic::parse_message_request(request.body, site.limits, /*counting=*/false);
  if (!wanted) return stream.fail(wanted.error());
  wanted->generate.client = request.client;
  if (const auto error = check_model(site, wanted->generate.model)) return stream.fail(*error);
  if (const auto error = check_thinking(site, wanted->generate.thinking)) return stream.fail(*error);
  const std::string id = "msg_" + request.id;
  anthropic::MessageEvents events(id, site.model.name);
  const auto on_event = [&](const inference::Event& event) {
    if (!wanted->stream) return;
    if (const std::string bytes = events.of(event); !bytes.empty()) stream.write(bytes);
  };
  const auto generation = site.backend.generate(wanted->generate, on_event, exchange.stop_token());
  if (!generation) return stream.fail(request_error(generation.error(), "messages"));
  if (stream.stopped()) return stream.fail_stopped();
  if (wanted->stream) {
    stream.write(events.finish(*generation));
    return stream.end();
  }
  Response response;
  response.body = anthropic::message_json(id, site.model.name, *generation);
  exchange.send(std::move(response));
}

void anthropic_count_tokens(const Site& site, const Request& request, Exchange& exchange) {
  const auto refuse = [&](const ApiError& error) { exchange.send(error_response(error, Dialect::kAnthropic)); };
  const auto wanted = anthropic::parse_message_request(request.body, site.limits, /*counting=*/true);
  if (!wanted) return refuse(wanted.error());
  if (const auto error = check_model(site, wanted->generate.model)) return refuse(*error);
  const auto prompt = site.backend.render(wanted->generate);
  if (!prompt) return refuse(request_error(prompt.error(), "messages"));
  Response response;
  response.body = fmt::format(R"({{"input_tokens":{}}})", prompt->tokens.size());
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
