// GET /healthz: the process lives and its I/O threads answer.
#include "server/endpoints/endpoints.h"

namespace zubr::server::endpoints {

void healthz(const Site&, const Request&, Exchange& exchange) {
  Response response;
  response.body = R"({"status":"ok"})";
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
