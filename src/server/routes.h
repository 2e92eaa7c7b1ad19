// Routes: which endpoint answers which path. The table in routes.cc is the whole API; docs/api/openapi.yaml says the
// same, and a test holds the two together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "access/api_key.h"
#include "inference/model_host.h"
#include "server/exchange.h"
#include "server/message.h"
#include "server/model_shelf.h"
#include "server/server.h"

namespace zubr::catalog {
class Desk;
}

namespace zubr::server {

class FileStore;
class LabelBatcher;
class Metrics;
class ModelShelf;
class ResponseStore;

// What endpoints know of the world. Lives as long as the server.
struct Site {
  inference::ModelHost& host;
  const std::int64_t started_at;  // Unix time in seconds
  const ServerLimits limits;
  const std::function<bool()> stopping;
  LabelBatcher& labels;
  ModelShelf* const shelf;             // null: only the models of the host are known
  const std::string version;           // of the program
  const std::function<int()> running;  // requests that are worked on, or wait to be
  Metrics& metrics;
  ResponseStore& responses;             // of /v1/responses
  FileStore* const files;               // of /v1/files; null: the server has no folder of its own
  const MediaFetcher fetch_media;       // null: nothing is fetched
  catalog::Desk* const desk = nullptr;  // of /api/catalog; null: there is no catalog
};

enum class Where {
  kInline,  // on the I/O thread: microseconds, never blocks, never borrows a model
  kWorker,  // on the worker pool
};

// Answers with exchange.send(), or begin() / write() / end(). One that ends without answering is a 500.
using Endpoint = void (*)(const Site& site, const Request& request, Exchange& exchange);

struct Route {
  std::string_view method;  // "GET" also serves HEAD
  // "/v1/models/{id}", "/v1/files/{id}/content": one parameter, which may hold slashes. The first pattern that fits
  // wins.
  std::string_view pattern;
  Where where;
  access::Scope scope;  // what a key has to be good for
  Endpoint endpoint;
};

std::span<const Route> all_routes();

struct Match {
  const Route* route = nullptr;  // null: no such path, or not with this method
  std::string parameter;         // still percent-encoded
  std::string allow;             // "GET, HEAD, OPTIONS"; empty when there is no such path
};
Match match_route(std::string_view method, std::string_view path);

// "a%20b" → "a b"; false for a '%' without two hex digits behind it, and for what is not UTF-8 then.
bool percent_decode(std::string_view encoded, std::string& decoded);

}  // namespace zubr::server
