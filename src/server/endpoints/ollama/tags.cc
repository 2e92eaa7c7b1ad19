// GET /api/tags: the models on this machine. GET /api/ps: those in memory. GET /api/version.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/known_models.h"
#include "server/json_text.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

// Where Ollama says when a model will be unloaded: never, as far as a date can say so.
constexpr std::string_view kNever = "2318-01-01T00:00:00.000000Z";

// A model that stays, and one that is being used, has no date at which it goes.
std::string expiry(const inference::LoadedModel& model) {
  if (!model.expires) return std::string(kNever);
  const auto left = *model.expires - std::chrono::steady_clock::now();
  return ollama::date_text(std::chrono::system_clock::now() +
                           std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
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
  const auto models = known_models(site);
  if (!models) return exchange.send(error_response(api_error(models.error()), Dialect::kOllama));
  std::string list;
  for (const ShelfModel& model : *models)
    list += fmt::format(R"({}{{{},"modified_at":"{}"}})", list.empty() ? "" : ",", model_fields(model),
                        ollama::date_text(model.changed_at));
  send(exchange, fmt::format(R"({{"models":[{}]}})", list));
}

void ollama_ps(const Site& site, const Request&, Exchange& exchange) {
  std::string list;
  for (const auto& loaded : site.host.loaded()) {
    if (loaded.loading) continue;
    list += fmt::format(R"({}{{{},"expires_at":"{}","size_vram":0,"context_length":{}}})", list.empty() ? "" : ",",
                        model_fields(shelf_model(site, loaded)), expiry(loaded), loaded.info.context_tokens);
  }
  send(exchange, fmt::format(R"({{"models":[{}]}})", list));
}

void ollama_version(const Site& site, const Request&, Exchange& exchange) {
  send(exchange, fmt::format(R"({{"version":{}}})", json_text(site.version)));
}

}  // namespace zubr::server::endpoints
