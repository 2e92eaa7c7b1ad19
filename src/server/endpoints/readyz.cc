// GET /readyz: send work here. 503 while the server is stopping.
#include "server/api_error.h"
#include "server/endpoints/endpoints.h"

namespace zubr::server::endpoints {

void readyz(const Site& site, const Request&, Exchange& exchange) {
  if (site.stopping())
    return exchange.send(error_response(api_error({ErrorCode::kUnavailable, "the server is stopping"})));
  Response response;
  response.body = R"({"status":"ready"})";
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
