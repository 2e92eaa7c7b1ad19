// POST /api/create: a model from another one, or from uploaded blobs. POST /api/push: a model into a registry; as names
// of models hold no path here, `to` says where, as `zubr push` has it.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/ollama/create_request.h"
#include "server/ollama/ollama_request.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

void refuse(Exchange& exchange, const ApiError& error) { exchange.send(error_response(error, Dialect::kOllama)); }

ApiError no_shelf() {
  ApiError error;
  error.status = 501;
  error.message = "this server cannot change the models on this machine: it serves one file";
  error.type = "server_error";
  error.code = "unsupported";
  return error;
}

void succeed(bool stream, ReplyStream& lines, Exchange& exchange) {
  if (stream) {
    lines.write("{\"status\":\"success\"}\n");
    return lines.end();
  }
  Response response;
  response.body = R"({"status":"success"})";
  exchange.send(std::move(response));
}

}  // namespace

void ollama_create(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = ollama::parse_create(request.body, site.limits);
  if (!wanted) return refuse(exchange, wanted.error());
  if (!site.shelf) return refuse(exchange, no_shelf());
  ReplyStream lines(exchange, ollama::kLines);
  const auto notes = site.shelf->create(wanted->recipe, exchange.stop_token());
  if (!notes) return lines.fail(api_error(notes.error()));
  if (const auto name = site.host.resolve(wanted->recipe.name)) site.host.unload(*name);  // what it was before
  for (const std::string& note : *notes) {
    if (wanted->stream) lines.write(fmt::format("{{\"status\":{}}}\n", json_text(note)));
  }
  succeed(wanted->stream, lines, exchange);
}

void ollama_push(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = ollama::parse_push(request.body, site.limits);
  if (!wanted) return refuse(exchange, wanted.error());
  if (!site.shelf) return refuse(exchange, no_shelf());
  ReplyStream lines(exchange, ollama::kLines);
  std::string last;
  const auto progress = [&](const ShelfPushProgress& now) {
    if (!wanted->stream) return;
    std::string line =
        fmt::format("{{\"status\":{},\"total\":{},\"completed\":{}}}\n",
                    json_text((now.hashing ? "checking " : "pushing ") + now.what), now.total, now.completed);
    if (line == last) return;
    if (last.empty()) lines.write("{\"status\":\"retrieving manifest\"}\n");
    lines.write(line);
    last = std::move(line);
  };
  const auto pushed = site.shelf->push(wanted->model, wanted->destination, progress, exchange.stop_token());
  if (!pushed) return lines.fail(api_error(pushed.error()));
  if (lines.stopped()) return lines.fail_stopped();
  if (wanted->stream) lines.write("{\"status\":\"pushing manifest\"}\n");
  succeed(wanted->stream, lines, exchange);
}

}  // namespace zubr::server::endpoints
