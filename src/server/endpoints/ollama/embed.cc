// POST /api/embed, and POST /api/embeddings as it was before: one text, one vector.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/model_name.h"
#include "server/json_text.h"
#include "server/ollama/ollama_request.h"
#include "server/openai/embedding_request.h"

namespace zubr::server::endpoints {
namespace {

struct Vectors {
  std::vector<std::string> json;
  std::int64_t tokens = 0;
};

ApiResult<Vectors> embed_all(const Site& site, const ApiResult<ollama::EmbedRequest>& wanted, std::stop_token stop) {
  if (!wanted) return tl::unexpected(wanted.error());
  if (auto error = check_model(site, wanted->model)) return tl::unexpected(std::move(*error));
  Vectors all;
  if (wanted->inputs.empty()) return all;
  inference::EmbedRequest embed;
  embed.texts = wanted->inputs;
  auto vectors = site.backend.embed(embed, stop);
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
      fmt::format(R"({{"model":{},"embeddings":[{}],"total_duration":{},"load_duration":0,"prompt_eval_count":{}}})",
                  json_text(wanted->model.empty() ? site.model.name : wanted->model), fmt::join(vectors->json, ","),
                  total.count(), vectors->tokens);
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
