// What changes the models on this machine: POST /api/copy, DELETE /api/delete, POST /api/pull, and blobs.
#include <fmt/format.h>

#include <algorithm>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/ollama/ollama_request.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

void refuse(Exchange& exchange, const ApiError& error) { exchange.send(error_response(error, Dialect::kOllama)); }

ApiError not_built(std::string_view what) {
  ApiError error;
  error.status = 501;
  error.message = fmt::format("this server cannot {}", what);
  error.type = "server_error";
  error.code = "unsupported";
  return error;
}

// Answers for a server that was given no models to look after.
bool has_shelf(const Site& site, Exchange& exchange) {
  if (site.shelf) return true;
  refuse(exchange, not_built("change the models on this machine: it serves one file"));
  return false;
}

bool is_pinned(const Site& site, const std::string& name) {
  return std::ranges::any_of(site.host.loaded(),
                             [&](const auto& model) { return model.info.name == name && model.pinned; });
}

void send_empty(Exchange& exchange, int status) {
  Response response;
  response.status = status;
  exchange.send(std::move(response));
}

std::string progress_line(const ShelfPullProgress& now) {
  const std::string short_digest = now.digest.substr(now.digest.find(':') + 1, 12);
  if (now.verifying) return "{\"status\":\"verifying sha256 digest\"}\n";
  return fmt::format("{{\"status\":{},\"digest\":{},\"total\":{},\"completed\":{}}}\n",
                     json_text("pulling " + (short_digest.empty() ? now.what : short_digest)), json_text(now.digest),
                     now.total, now.completed);
}

}  // namespace

void ollama_copy(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = ollama::parse_copy(request.body, site.limits);
  if (!wanted) return refuse(exchange, wanted.error());
  if (!has_shelf(site, exchange)) return;
  const auto copied = site.shelf->copy(wanted->source, wanted->destination);
  if (!copied) return refuse(exchange, api_error(copied.error()));
  if (const auto name = site.host.resolve(wanted->destination)) site.host.unload(*name);  // what it was before
  send_empty(exchange, 200);
}

void ollama_delete(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = ollama::parse_model(request.body, site.limits);
  if (!wanted) return refuse(exchange, wanted.error());
  if (!has_shelf(site, exchange)) return;
  const auto name = site.host.resolve(wanted->model);
  if (name && is_pinned(site, *name))
    return refuse(exchange,
                  bad_field("model", fmt::format("'{}' is being served; stop the server to delete it", wanted->model)));
  if (name) site.host.unload(*name);
  const auto removed = site.shelf->remove(wanted->model, exchange.stop_token());
  if (!removed) return refuse(exchange, api_error(removed.error()));
  send_empty(exchange, 200);
}

void ollama_pull(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = ollama::parse_model(request.body, site.limits);
  if (!wanted) return refuse(exchange, wanted.error());
  if (!has_shelf(site, exchange)) return;
  ReplyStream stream(exchange, ollama::kLines);
  std::string last;
  const auto progress = [&](const ShelfPullProgress& now) {
    if (!wanted->stream) return;
    std::string line = progress_line(now);
    if (line == last) return;
    if (last.empty()) stream.write("{\"status\":\"pulling manifest\"}\n");
    stream.write(line);
    last = std::move(line);
  };
  const auto pulled = site.shelf->pull(wanted->model, progress, exchange.stop_token());
  if (!pulled) return stream.fail(api_error(pulled.error()));
  if (stream.stopped()) return stream.fail_stopped();
  if (!wanted->stream) {
    Response response;
    response.body = R"({"status":"success"})";
    return exchange.send(std::move(response));
  }
  if (last.empty()) stream.write("{\"status\":\"pulling manifest\"}\n");
  stream.write("{\"status\":\"writing manifest\"}\n{\"status\":\"success\"}\n");
  stream.end();
}

void ollama_has_blob(const Site& site, const Request& request, Exchange& exchange) {
  if (!has_shelf(site, exchange)) return;
  const auto there = site.shelf->has_blob(request.parameter);
  if (!there) return refuse(exchange, bad_field("digest", there.error().message()));
  if (*there) return send_empty(exchange, 200);
  refuse(exchange, api_error({ErrorCode::kNotFound, "there is no blob " + request.parameter}));
}

void ollama_put_blob(const Site& site, const Request& request, Exchange& exchange) {
  if (!has_shelf(site, exchange)) return;
  const auto stored = site.shelf->put_blob(request.parameter, request.body, exchange.stop_token());
  if (stored) return send_empty(exchange, 201);
  const bool bad_name = stored.error().code() == ErrorCode::kCorrupt;
  refuse(exchange, bad_name ? bad_field("digest", stored.error().message()) : api_error(stored.error()));
}

}  // namespace zubr::server::endpoints
