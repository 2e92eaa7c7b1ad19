#include "server/routes.h"

#include "core/utf8.h"
#include "server/endpoints/endpoints.h"

namespace zubr::server {
namespace {

using access::Scope;

constexpr Route kRoutes[] = {
    {"GET", "/healthz", Where::kInline, Scope::kNone, endpoints::healthz},
    {"GET", "/readyz", Where::kInline, Scope::kNone, endpoints::readyz},
    {"GET", "/metrics", Where::kInline, Scope::kInfer, endpoints::metrics},
    {"GET", "/v1/models", Where::kWorker, Scope::kInfer, endpoints::list_models},
    {"GET", "/v1/models/{id}", Where::kWorker, Scope::kInfer, endpoints::get_model},
    {"POST", "/v1/chat/completions", Where::kWorker, Scope::kInfer, endpoints::chat_completions},
    {"POST", "/v1/completions", Where::kWorker, Scope::kInfer, endpoints::completions},
    {"POST", "/v1/embeddings", Where::kWorker, Scope::kInfer, endpoints::embeddings},
    {"POST", "/v1/classify", Where::kWorker, Scope::kInfer, endpoints::classify},
    {"POST", "/v1/responses", Where::kWorker, Scope::kInfer, endpoints::create_response},
    {"GET", "/v1/responses/{id}/input_items", Where::kWorker, Scope::kInfer, endpoints::response_items},
    {"GET", "/v1/responses/{id}", Where::kWorker, Scope::kInfer, endpoints::get_response},
    {"DELETE", "/v1/responses/{id}", Where::kWorker, Scope::kInfer, endpoints::delete_response},
    {"POST", "/v1/files", Where::kWorker, Scope::kInfer, endpoints::create_file},
    {"GET", "/v1/files", Where::kWorker, Scope::kInfer, endpoints::list_files},
    {"GET", "/v1/files/{id}/content", Where::kWorker, Scope::kInfer, endpoints::file_content},
    {"GET", "/v1/files/{id}", Where::kWorker, Scope::kInfer, endpoints::get_file},
    {"DELETE", "/v1/files/{id}", Where::kWorker, Scope::kInfer, endpoints::delete_file},
    {"POST", "/v1/rerank", Where::kWorker, Scope::kInfer, endpoints::rerank},
    {"POST", "/v1/moderations", Where::kInline, Scope::kInfer, endpoints::moderations},
    {"POST", "/v1/audio/transcriptions", Where::kWorker, Scope::kInfer, endpoints::transcriptions},

    {"POST", "/api/generate", Where::kWorker, Scope::kInfer, endpoints::ollama_generate},
    {"POST", "/api/chat", Where::kWorker, Scope::kInfer, endpoints::ollama_chat},
    {"POST", "/api/embed", Where::kWorker, Scope::kInfer, endpoints::ollama_embed},
    {"POST", "/api/embeddings", Where::kWorker, Scope::kInfer, endpoints::ollama_embeddings},
    {"GET", "/api/tags", Where::kWorker, Scope::kInfer, endpoints::ollama_tags},
    {"GET", "/api/ps", Where::kInline, Scope::kInfer, endpoints::ollama_ps},
    {"GET", "/api/version", Where::kInline, Scope::kInfer, endpoints::ollama_version},
    {"POST", "/api/show", Where::kWorker, Scope::kInfer, endpoints::ollama_show},
    {"POST", "/api/copy", Where::kWorker, Scope::kManage, endpoints::ollama_copy},
    {"DELETE", "/api/delete", Where::kWorker, Scope::kManage, endpoints::ollama_delete},
    {"POST", "/api/pull", Where::kWorker, Scope::kManage, endpoints::ollama_pull},
    {"GET", "/api/blobs/{digest}", Where::kWorker, Scope::kInfer, endpoints::ollama_has_blob},
    {"POST", "/api/blobs/{digest}", Where::kWorker, Scope::kManage, endpoints::ollama_put_blob},
    {"POST", "/api/create", Where::kWorker, Scope::kManage, endpoints::ollama_create},
    {"POST", "/api/push", Where::kWorker, Scope::kManage, endpoints::ollama_push},

    {"GET", "/api/catalog/search", Where::kWorker, Scope::kInfer, endpoints::catalog_search},
    {"GET", "/api/catalog/models/{name}", Where::kWorker, Scope::kInfer, endpoints::catalog_model},
    {"GET", "/api/catalog/compare", Where::kWorker, Scope::kInfer, endpoints::catalog_compare},
    {"GET", "/api/catalog/leaderboard", Where::kWorker, Scope::kInfer, endpoints::catalog_leaderboard},
    {"GET", "/api/catalog/datasets", Where::kWorker, Scope::kInfer, endpoints::catalog_datasets},
    {"GET", "/api/catalog/fits", Where::kWorker, Scope::kInfer, endpoints::catalog_fits},

    {"POST", "/completion", Where::kWorker, Scope::kInfer, endpoints::llama_completion},
    {"POST", "/tokenize", Where::kWorker, Scope::kInfer, endpoints::llama_tokenize},
    {"POST", "/detokenize", Where::kWorker, Scope::kInfer, endpoints::llama_detokenize},
    {"POST", "/apply-template", Where::kWorker, Scope::kInfer, endpoints::llama_apply_template},
    {"GET", "/props", Where::kWorker, Scope::kInfer, endpoints::llama_props},
    {"GET", "/slots", Where::kWorker, Scope::kInfer, endpoints::llama_slots},

    {"POST", "/v1/messages", Where::kWorker, Scope::kInfer, endpoints::anthropic_messages},
    {"POST", "/v1/messages/count_tokens", Where::kWorker, Scope::kInfer, endpoints::anthropic_count_tokens},
};

// Sets `parameter` where the pattern has one.
bool fits(std::string_view pattern, std::string_view path, std::string_view& parameter) {
  const auto brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, brace), behind = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind))
    return false;
  parameter = path.substr(brace, path.size() - before.size() - behind.size());
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
  std::string_view pattern;
  for (const Route& route : kRoutes) {
    std::string_view parameter;
    if (!fits(route.pattern, path, parameter)) continue;
    if (!pattern.empty() && pattern != route.pattern) continue;
    pattern = route.pattern;
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
