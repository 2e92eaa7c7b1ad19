// Endpoints of OpenAI's API that no model here can serve: they say so with 501, and nothing else.
#include "server/api_error.h"
#include "server/endpoints/endpoints.h"

namespace zubr::server::endpoints {
namespace {

void refuse(Exchange& exchange, std::string message) {
  ApiError error;
  error.status = 501;
  error.message = std::move(message);
  error.type = "server_error";
  error.code = "not_implemented";
  exchange.send(error_response(error));
}

}  // namespace

void moderations(const Site&, const Request&, Exchange& exchange) {
  refuse(exchange,
         "no model for moderation is served here; ask POST /v1/classify with labels of your own for a judgement with "
         "probabilities");
}

}  // namespace zubr::server::endpoints
