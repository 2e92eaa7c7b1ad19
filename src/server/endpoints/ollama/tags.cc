// GET /api/tags: the models on this machine, the served one among them. GET /api/ps: those in memory, which is the
// served one. GET /api/version.
#include <fmt/format.h>

#include <algorithm>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

// Where Ollama says when a model will be unloaded: never, as far as a date can say so.
constexpr std::string_view kNever = "2318-01-01T00:00:00.000000Z";

ShelfModel served_model(const Site& site) {
  return {.name = site.model.name,
          .bytes = site.model.bytes,
          .architecture = site.model.architecture,
          .parameters = site.model.parameters,
          .quantization = site.model.quantization,
          .context_tokens = site.model.context_tokens,
          .digest = {},
          .changed_at = std::chrono::system_clock::time_point(std::chrono::seconds(site.started_at))};
}

std::string model_fields(const ShelfModel& model) {
  const std::string name = json_text(model.name);
  return fmt::format(R"("name":{},"model":{},"size":{},"digest":"{}","details":{})", name, name, model.bytes,
                     model.digest, ollama::details_json(model.architecture, model.parameters, model.quantization));
}

void send(Exchange& exchange, std::string body) {
  Response response;
  response.body = std::move(body);
  exchange.send(std::move(response));
}

}  // namespace

void ollama_tags(const Site& site, const Request&, Exchange& exchange) {
  std::vector<ShelfModel> models;
  if (site.shelf) {
    auto listed = site.shelf->list();
    if (!listed) return exchange.send(error_response(api_error(listed.error()), Dialect::kOllama));
    models = *std::move(listed);
  }
  const auto served = std::ranges::find(models, site.model.name, &ShelfModel::name);
  if (served == models.end()) models.insert(models.begin(), served_model(site));
  std::string list;
  for (const ShelfModel& model : models)
    list += fmt::format(R"({}{{{},"modified_at":"{}"}})", list.empty() ? "" : ",", model_fields(model),
                        ollama::date_text(model.changed_at));
  send(exchange, fmt::format(R"({{"models":[{}]}})", list));
}

void ollama_ps(const Site& site, const Request&, Exchange& exchange) {
  send(exchange, fmt::format(R"({{"models":[{{{},"expires_at":"{}","size_vram":0,"context_length":{}}}]}})",
                             model_fields(served_model(site)), kNever, site.model.context_tokens));
}

void ollama_version(const Site& site, const Request&, Exchange& exchange) {
  send(exchange, fmt::format(R"({{"version":{}}})", json_text(site.version)));
}

}  // namespace zubr::server::endpoints
