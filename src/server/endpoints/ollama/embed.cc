// POST /api/embed, and POST /api/embeddings as it was before: one text, one vector.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/ollama/ollama_request.h"
#include "server/openai/embedding_request.h"

namespace zubr::server::endpoints {
namespace {

struct Vectors {
  std::string model;
  std::chrono::nanoseconds load_time{0};
  std::vector<std::string> json = {};
  std::int64_t tokens = 0;
};

ApiResult<Vectors> embed_all(const Site& site, const ApiResult<ollama::EmbedRequest>& wanted, std::stop_token stop) {
  if (!wanted) return tl::unexpected(wanted.error());
  const auto lent = lend(site, {.name = wanted->model, .keep_alive = wanted->keep_alive}, stop);
  if (!lent) return tl::unexpected(lent.error());
  Vectors all{.model = wanted->model.empty() ? lent->info.name : wanted->model, .load_time = lent->load_time};
  if (wanted->inputs.empty()) return all;
  inference::EmbedRequest embed;
  embed.texts = wanted->inputs;
  auto vectors = lent->backend->embed(embed, stop);
  if (!vectors) return tl::unexpected(request_error(vectors.error(), "input"));
  for (auto& vector : *vectors) {
    if (!vector) return tl::unexpected(request_error(vector.error(), "input"));
    all.tokens += vector->tokens;
    all.json.push_back(openai::vector_json(openai::shortened(std::move(vector->values), wanted->dimensions)));
  }
  return all;
}

}  // namespace

void ollama_embed(const Site& site, const Request& request, Exchange& exchange) {
  const auto started = std::chrono::steady_clock::now();
  const auto wanted = ollama::parse_embed(request.body, site.limits);
  const auto vectors = embed_all(site, wanted, exchange.stop_token());
  if (!vectors) return exchange.send(error_response(vectors.error(), Dialect::kOllama));
  const std::chrono::nanoseconds total = std::chrono::steady_clock::now() - started;
  Response response;
  response.body =
      fmt::format(R"({{"model":{},"embeddings":[{}],"total_duration":{},"load_duration":{},"prompt_eval_count":{}}})",
                  json_text(vectors->model), fmt::join(vectors->json, ","), total.count(), vectors->load_time.count(),
                  vectors->tokens);
  exchange.send(std::move(response));
}

void ollama_embeddings(const Site& site, const Request& request, Exchange& exchange) {
  const auto vectors = embed_all(site, ollama::parse_embeddings(request.body, site.limits), exchange.stop_token());
  if (!vectors) return exchange.send(error_response(vectors.error(), Dialect::kOllama));
  Response response;
  response.body = fmt::format(R"({{"embedding":{}}})", vectors->json.empty() ? "[]" : vectors->json.front());
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
