// GET /v1/models and /v1/models/{id} (platform.openai.com/docs/api-reference/models). `context_length` is ours, as
// OpenRouter has it; it is left out when it is not known.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/model_name.h"
#include "server/json_text.h"

namespace zubr::server::endpoints {
namespace {

std::string model_json(const Site& site) {
  const std::string context =
      site.model.context_tokens > 0 ? fmt::format(R"(,"context_length":{})", site.model.context_tokens) : "";
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":"zubr"{}}})", json_text(site.model.name),
                     site.started_at, context);
}

}  // namespace

void list_models(const Site& site, const Request&, Exchange& exchange) {
  Response response;
  response.body = fmt::format(R"({{"object":"list","data":[{}]}})", model_json(site));
  exchange.send(std::move(response));
}

void get_model(const Site& site, const Request& request, Exchange& exchange) {
  if (request.parameter != site.model.name)
    return exchange.send(error_response(model_not_found(site, request.parameter)));
  Response response;
  response.body = model_json(site);
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
