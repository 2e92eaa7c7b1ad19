#include "server/routes.h"

#include "core/utf8.h"
#include "server/endpoints/endpoints.h"

namespace zubr::server {
namespace {

constexpr Route kRoutes[] = {
    {"GET", "/healthz", Where::kInline, endpoints::healthz},
    {"GET", "/readyz", Where::kInline, endpoints::readyz},
    {"GET", "/v1/models", Where::kInline, endpoints::list_models},
    {"GET", "/v1/models/{id}", Where::kInline, endpoints::get_model},
    {"POST", "/v1/chat/completions", Where::kWorker, endpoints::chat_completions},
    {"POST", "/v1/completions", Where::kWorker, endpoints::completions},
    {"POST", "/v1/embeddings", Where::kWorker, endpoints::embeddings},
    {"POST", "/v1/classify", Where::kWorker, endpoints::classify},

    {"POST", "/api/generate", Where::kWorker, endpoints::ollama_generate},
    {"POST", "/api/chat", Where::kWorker, endpoints::ollama_chat},
    {"POST", "/api/embed", Where::kWorker, endpoints::ollama_embed},
    {"POST", "/api/embeddings", Where::kWorker, endpoints::ollama_embeddings},
    {"GET", "/api/tags", Where::kWorker, endpoints::ollama_tags},
    {"GET", "/api/ps", Where::kInline, endpoints::ollama_ps},
    {"GET", "/api/version", Where::kInline, endpoints::ollama_version},
    {"POST", "/api/show", Where::kWorker, endpoints::ollama_show},
    {"POST", "/api/copy", Where::kWorker, endpoints::ollama_copy},
    {"DELETE", "/api/delete", Where::kWorker, endpoints::ollama_delete},
    {"POST", "/api/pull", Where::kWorker, endpoints::ollama_pull},
    {"GET", "/api/blobs/{digest}", Where::kWorker, endpoints::ollama_has_blob},
    {"POST", "/api/blobs/{digest}", Where::kWorker, endpoints::ollama_put_blob},
    {"POST", "/api/create", Where::kInline, endpoints::ollama_create},
    {"POST", "/api/push", Where::kInline, endpoints::ollama_push},

    {"POST", "/completion", Where::kWorker, endpoints::llama_completion},
    {"POST", "/tokenize", Where::kWorker, endpoints::llama_tokenize},
    {"POST", "/detokenize", Where::kWorker, endpoints::llama_detokenize},
    {"POST", "/apply-template", Where::kWorker, endpoints::llama_apply_template},
    {"GET", "/props", Where::kInline, endpoints::llama_props},
    {"GET", "/slots", Where::kInline, endpoints::llama_slots},

    {"POST", "/v1/messages", Where::kWorker, endpoints::anthropic_messages},
    {"POST", "/v1/messages/count_tokens", Where::kWorker, endpoints::anthropic_count_tokens},
};

// Sets `parameter` where the pattern has one.
bool fits(std::string_view pattern, std::string_view path, std::string_view& parameter) {
  const auto brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path;
  if (!path.starts_with(pattern.substr(0, brace)) || path.size() == brace) return false;
  parameter = path.substr(brace);
  return true;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::span<const Route> all_routes() { return kRoutes; }

Match match_route(std::string_view method, std::string_view path) {
  Match match;
  for (const Route& route : kRoutes) {
    std::string_view parameter;
    if (!fits(route.pattern, path, parameter)) continue;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      match.route = &route;
      match.parameter = parameter;
    }
  }
  if (!match.allow.empty()) match.allow += ", OPTIONS";
  return match;
}

bool percent_decode(std::string_view encoded, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      decoded += encoded[i];
      continue;
    }
    if (i + 2 >= encoded.size()) return false;
    const int high = hex_value(encoded[i + 1]), low = hex_value(encoded[i + 2]);
    if (high < 0 || low < 0) return false;
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return core::utf8_valid(decoded);
}

}  // namespace zubr::server
