// POST /v1/embeddings.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/openai/embedding_request.h"

namespace zubr::server::endpoints {

void embeddings(const Site& site, const Request& request, Exchange& exchange) {
  const auto refuse = [&](const ApiError& error) { exchange.send(error_response(error)); };
  const auto wanted = openai::parse_embedding_request(request.body, site.limits);
  if (!wanted) return refuse(wanted.error());
  const auto lent = lend(site, {.name = wanted->model}, exchange.stop_token());
  if (!lent) return refuse(lent.error());
  const LentModel& model = *lent;
  inference::EmbedRequest embed;
  embed.texts = wanted->inputs;
  auto vectors = model.backend->embed(embed, exchange.stop_token());
  if (!vectors) return refuse(request_error(vectors.error(), "input"));

  std::int64_t tokens = 0;
  std::string data;
  for (std::size_t i = 0; i < vectors->size(); ++i) {
    auto& vector = (*vectors)[i];
    if (!vector) return refuse(request_error(vector.error(), wanted->field_of(i)));
    const auto length = std::ssize(vector->values);
    if (wanted->dimensions > length)
      return refuse(bad_field("dimensions", fmt::format("'dimensions' is {}; the vectors of '{}' have {}",
                                                        wanted->dimensions, model.info.name, length)));
    tokens += vector->tokens;
    const auto values = openai::shortened(std::move(vector->values), wanted->dimensions);
    data += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":{}}})", i == 0 ? "" : ",", i,
                        wanted->base64 ? openai::vector_base64(values) : openai::vector_json(values));
  }
  Response response;
  response.body =
      fmt::format(R"({{"object":"list","data":[{}],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                  data, json_text(model.info.name), tokens, tokens);
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
