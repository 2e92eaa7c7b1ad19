// POST /v1/rerank: documents by how near they are to a query, as the cosine of their vectors. Only with a model made
// for vectors: those of a chat model say little, and a wrong order would look like a right one. The form is Jina's and
// Cohere's, which llama-server has too: {query, documents, top_n, return_documents}.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "server/endpoints/endpoints.h"
#include "server/json/json_fields.h"
#include "server/json_text.h"
#include "server/lent_model.h"

namespace zubr::server::endpoints {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostDocuments = 2'048;

struct RerankRequest {
  std::string model;
  std::vector<std::string> texts;  // the query first
  std::size_t top = 0;
  bool with_documents = false;
};

ApiResult<RerankRequest> parse(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  RerankRequest request;
  request.model = fields.string("model").value_or("");
  const auto query = fields.string("query");
  if (!query || query->empty()) fields.fail("query", "'query' is missing", "missing");
  request.texts.push_back(query.value_or(""));
  const json::array* documents = fields.array(fields.find("documents") ? "documents" : "texts");
  if (!documents || documents->empty() || documents->size() > kMostDocuments) {
    fields.fail("documents", fmt::format("'documents' must be an array of 1 to {} texts", kMostDocuments));
  } else {
    for (std::size_t i = 0; i < documents->size() && !error; ++i) {
      const json::value& value = (*documents)[i];
      const json::object* holder = value.if_object();  // Cohere's: {"text": …}
      const json::value* text = holder ? holder->if_contains("text") : &value;
      if (!text || !text->is_string())
        fields.fail(fmt::format("documents[{}]", i), fmt::format("'documents[{}]' must be a text", i), "invalid_type");
      else
        request.texts.emplace_back(text->get_string());
    }
  }
  const auto count = static_cast<std::int64_t>(request.texts.size()) - 1;
  request.top = static_cast<std::size_t>(std::min(fields.integer("top_n", 1, kMostDocuments).value_or(count), count));
  request.with_documents = fields.boolean("return_documents").value_or(false);
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

}  // namespace

void rerank(const Site& site, const Request& request, Exchange& exchange) {
  const auto refuse = [&](const ApiError& error) { exchange.send(error_response(error)); };
  const auto wanted = parse(request.body, site.limits);
  if (!wanted) return refuse(wanted.error());
  const auto lent = lend(site, {.name = wanted->model}, exchange.stop_token());
  if (!lent) return refuse(lent.error());
  const LentModel& model = *lent;
  if (!model.info.can_embed || model.info.can_generate) {
    ApiError error;
    error.status = 501;
    error.message =
        fmt::format("'{}' is no model for ranking: serve one that makes vectors (an embedder)", model.info.name);
    error.type = "server_error";
    error.code = "not_implemented";
    return refuse(error);
  }
  inference::EmbedRequest embed;
  embed.texts = wanted->texts;
  const auto vectors = model.backend->embed(embed, exchange.stop_token());
  if (!vectors) return refuse(request_error(vectors.error(), "documents"));
  std::int64_t tokens = 0;
  std::vector<double> scores;
  for (std::size_t i = 0; i < vectors->size(); ++i) {
    const auto& vector = (*vectors)[i];
    if (!vector) return refuse(request_error(vector.error(), i == 0 ? "query" : fmt::format("documents[{}]", i - 1)));
    tokens += vector->tokens;
    const auto& query = vectors->front()->values;
    scores.push_back(std::inner_product(query.begin(), query.end(), vector->values.begin(), 0.0));
  }
  std::vector<std::size_t> order(scores.size() - 1);
  std::iota(order.begin(), order.end(), std::size_t{1});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::string results;
  for (std::size_t i = 0; i < wanted->top; ++i) {
    const std::size_t at = order[i];
    results += fmt::format(R"({}{{"index":{},"relevance_score":{:.6g})", i == 0 ? "" : ",", at - 1, scores[at]);
    if (wanted->with_documents) results += fmt::format(R"(,"document":{{"text":{}}})", json_text(wanted->texts[at]));
    results += '}';
  }
  Response response;
  response.body =
      fmt::format(R"({{"object":"list","model":{},"results":[{}],"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                  json_text(model.info.name), results, tokens, tokens);
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
