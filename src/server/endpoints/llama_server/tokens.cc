// POST /tokenize, /detokenize and /apply-template: what the model sees.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/llama_server/completion_fields.h"
#include "server/openai/chat_request.h"

namespace zubr::server::endpoints {
namespace {

void send(Exchange& exchange, std::string body) {
  Response response;
  response.body = std::move(body);
  exchange.send(std::move(response));
}

}  // namespace

void llama_tokenize(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = llama_server::parse_tokenize(request.body, site.limits);
  if (!wanted) return exchange.send(error_response(wanted.error()));
  const auto model = lend(site, {.name = wanted->model}, exchange.stop_token());
  if (!model) return exchange.send(error_response(model.error()));
  const auto tokens = model->backend->tokenize(
      {.text = wanted->content, .add_special = wanted->add_special, .parse_special = wanted->parse_special});
  if (!tokens) return exchange.send(error_response(request_error(tokens.error(), "content")));
  if (!wanted->with_pieces) return send(exchange, fmt::format(R"({{"tokens":[{}]}})", fmt::join(*tokens, ",")));
  std::string list;
  for (const std::int32_t token : *tokens) {
    const auto piece = model->backend->detokenize(std::span(&token, 1));
    if (!piece) return exchange.send(error_response(api_error(piece.error())));
    list += fmt::format(R"({}{{"id":{},"piece":{}}})", list.empty() ? "" : ",", token, json_text(*piece));
  }
  send(exchange, fmt::format(R"({{"tokens":[{}]}})", list));
}

void llama_detokenize(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = llama_server::parse_detokenize(request.body, site.limits);
  if (!wanted) return exchange.send(error_response(wanted.error()));
  const auto model = lend(site, {.name = wanted->model}, exchange.stop_token());
  if (!model) return exchange.send(error_response(model.error()));
  const auto text = model->backend->detokenize(wanted->tokens);
  if (!text) return exchange.send(error_response(request_error(text.error(), "tokens")));
  send(exchange, fmt::format(R"({{"content":{}}})", json_text(*text)));
}

void llama_apply_template(const Site& site, const Request& request, Exchange& exchange) {
  const auto chat = openai::parse_chat_request(request.body, site.limits);
  if (!chat) return exchange.send(error_response(chat.error()));
  const auto model = lend(site, {.name = chat->generate.model}, exchange.stop_token());
  if (!model) return exchange.send(error_response(model.error()));
  const auto prompt = model->backend->render(chat->generate);
  if (!prompt) return exchange.send(error_response(request_error(prompt.error(), "messages")));
  send(exchange, fmt::format(R"({{"prompt":{}}})", json_text(prompt->text)));
}

}  // namespace zubr::server::endpoints
