// GET /v1/models and /v1/models/{id} (platform.openai.com/docs/api-reference/models). `context_length` is ours, as
// OpenRouter has it; it is left out when it is not known.
#include <fmt/format.h>

#include <algorithm>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/known_models.h"
#include "server/json_text.h"
#include "server/lent_model.h"

namespace zubr::server::endpoints {
namespace {

std::string model_json(const ShelfModel& model) {
  const std::string context =
      model.context_tokens > 0 ? fmt::format(R"(,"context_length":{})", model.context_tokens) : "";
  const auto created = std::chrono::duration_cast<std::chrono::seconds>(model.changed_at.time_since_epoch());
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":"zubr"{}}})", json_text(model.name),
                     created.count(), context);
}

}  // namespace

void list_models(const Site& site, const Request&, Exchange& exchange) {
  const auto models = known_models(site);
  if (!models) return exchange.send(error_response(api_error(models.error())));
  std::string list;
  for (const ShelfModel& model : *models) list += (list.empty() ? "" : ",") + model_json(model);
  Response response;
  response.body = fmt::format(R"({{"object":"list","data":[{}]}})", list);
  exchange.send(std::move(response));
}

void get_model(const Site& site, const Request& request, Exchange& exchange) {
  const auto resolved = site.host.resolve(request.parameter);
  const std::string name = resolved ? *resolved : request.parameter;
  const auto models = known_models(site);
  if (!models) return exchange.send(error_response(api_error(models.error())));
  const auto found = std::ranges::find(*models, name, &ShelfModel::name);
  if (found == models->end())
    return exchange.send(error_response(
        model_error(resolved ? Error{ErrorCode::kNotFound, fmt::format("model '{}' is not here (see /v1/models)", name)}
                             : resolved.error())));
  Response response;
  response.body = model_json(*found);
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
