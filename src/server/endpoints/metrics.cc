// GET /metrics: counters for Prometheus.
#include "server/metrics/metrics.h"

#include "server/endpoints/endpoints.h"

namespace zubr::server::endpoints {

void metrics(const Site& site, const Request&, Exchange& exchange) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = site.metrics.text();
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
