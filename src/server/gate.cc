#include "server/gate.h"

#include <fmt/format.h>

#include <algorithm>

namespace zubr::server {
namespace {

bool is_token(std::string_view id) {
  constexpr std::size_t kLongest = 64;
  return !id.empty() && id.size() <= kLongest && std::ranges::all_of(id, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
  });
}

ApiError refused(int status, std::string message, std::string code) {
  ApiError error;
  error.status = status;
  error.message = std::move(message);
  if (status == 403) error.type = "permission_error";
  error.code = std::move(code);
  return error;
}

// Clients in browsers send headers of their own (x-stainless-…, anthropic-version): what is asked for is allowed, if it
// is a list of header names.
std::string allowed_headers(const std::string& asked) {
  constexpr std::size_t kLongest = 2'048;
  const bool names = std::ranges::all_of(asked, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == ',' || c == ' ';
  });
  if (!asked.empty() && asked.size() <= kLongest && names) return asked;
  return "Authorization, Content-Type, X-Api-Key, X-Request-Id";
}

Response options_answer(const std::string& allow, bool cors, const RequestHead& head) {
  Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", allow);
  if (cors && !head.preflight_method.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allow);
    response.headers.emplace_back("Access-Control-Allow-Headers", allowed_headers(head.preflight_headers));
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

// "http://host:port/path", also https (RFC 9112 3.2.2) → its host replaces the Host header; "/path" stays.
void split_target(const RequestHead& head, std::string& host, std::string& target) {
  host = head.host;
  target = head.target;
  const std::size_t scheme = target.starts_with("http://") ? 7 : target.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return;
  const auto slash = target.find('/', scheme);
  host = target.substr(scheme, slash == std::string::npos ? slash : slash - scheme);
  target = slash == std::string::npos ? "/" : target.substr(slash);
}

std::optional<ApiError> judge_head(const RequestHead& head, const OriginGuard& guard, const std::string& host,
                                   bool& cors) {
  if (!(head.http10 && host.empty()) && !guard.host_allowed(host))
    return refused(403,
                   fmt::format("the Host header '{}' is not a name of this server; call it as localhost, or allow the "
                               "name in allowed_hosts",
                               host),
                   "host_not_allowed");
  const auto verdict = guard.judge(head.origin, host);
  cors = verdict == OriginGuard::Origin::kAllowed;
  if (verdict == OriginGuard::Origin::kRefused)
    return refused(
        403, fmt::format("web pages of '{}' may not call this server; allow them in allowed_origins", head.origin),
        "origin_not_allowed");
  if (!head.content_encoding.empty() && head.content_encoding != "identity")
    return refused(415,
                   fmt::format("a body in the encoding '{}' is not supported; send it plain", head.content_encoding),
                   "unsupported_encoding");
  return std::nullopt;
}

std::optional<ApiError> judge_key(const RequestHead& head, access::Scope needed, const KeyCheck& check,
                                  Request& request) {
  using Kind = access::Verdict::Kind;
  if (needed == access::Scope::kNone || !check) return std::nullopt;
  const access::Verdict verdict = check(head.key);
  const auto unauthenticated = [](std::string_view why) {
    ApiError error = refused(401, fmt::format("{}; send one as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'", why),
                             "invalid_api_key");
    error.type = "authentication_error";
    return error;
  };
  switch (verdict.kind) {
    case Kind::kOpen: return std::nullopt;
    case Kind::kMissing: return unauthenticated("this server asks for an API key");
    case Kind::kUnknown: return unauthenticated("this is not an API key of this server");
    case Kind::kExpired: return unauthenticated("this API key has expired");
    case Kind::kRevoked: return unauthenticated("this API key was revoked");
    case Kind::kUnreadable:
      return api_error({ErrorCode::kUnavailable, "the API keys cannot be read now, so none can be checked"});
    case Kind::kGranted: break;
  }
  request.key_id = verdict.key_id;
  if (access::allows(verdict.scopes, needed)) return std::nullopt;
  return refused(403,
                 fmt::format("this API key is for {}, and {} {} needs {}", access::scopes_text(verdict.scopes),
                             request.method, request.path, access::scope_name(needed)),
                 "insufficient_scope");
}

bool is_hex_part(std::string_view text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

bool is_traceparent(std::string_view text) {
  constexpr std::size_t kLength = 55, kTrace = 3, kParent = 36, kFlags = 53;
  if (text.size() != kLength || !text.starts_with("00-") || text[kParent - 1] != '-' || text[kFlags - 1] != '-')
    return false;
  const std::string_view trace = text.substr(kTrace, 32), parent = text.substr(kParent, 16);
  return is_hex_part(trace, 32) && is_hex_part(parent, 16) && is_hex_part(text.substr(kFlags), 2) &&
         trace.find_first_not_of('0') != std::string_view::npos &&
         parent.find_first_not_of('0') != std::string_view::npos;
}

Admission admit(const RequestHead& head, const OriginGuard& guard, const KeyCheck& keys, std::string fallback_id) {
  Admission admission;
  Request& request = admission.request;
  std::string host, target;
  split_target(head, host, target);
  const auto question = target.find('?');
  request.id = is_token(head.request_id) ? head.request_id : std::move(fallback_id);
  request.method = head.method;
  request.path = target.substr(0, question);
  request.query = question == std::string::npos ? "" : target.substr(question + 1);
  request.content_type = head.content_type;
  if (is_traceparent(head.traceparent)) request.trace = head.traceparent;

  const Dialect dialect = dialect_of(request.path);
  if (const auto error = judge_head(head, guard, host, admission.cors)) {
    admission.refusal = error_response(*error, dialect);
    return admission;
  }
  Match match = match_route(request.method, request.path);
  if (request.method == "OPTIONS" && request.path == "*") match.allow = "GET, HEAD, POST, OPTIONS";
  // Without a key nobody learns which paths there are.
  const access::Scope needed = match.route ? match.route->scope : access::Scope::kInfer;
  std::optional<ApiError> no_key;
  if (request.method != "OPTIONS") no_key = judge_key(head, needed, keys, request);
  if (no_key) {
    admission.refusal = error_response(*no_key, dialect);
    if (no_key->status == 401) admission.refusal->headers.emplace_back("WWW-Authenticate", "Bearer");
  } else if (match.allow.empty()) {
    admission.refusal = error_response(
        refused(404, fmt::format("there is nothing at '{}'; see docs/api/openapi.yaml", request.path), "unknown_url"),
        dialect);
  } else if (request.method == "OPTIONS") {
    admission.refusal = options_answer(match.allow, admission.cors, head);
  } else if (!match.route) {
    admission.refusal = error_response(
        refused(405, fmt::format("'{}' does not take {}; it takes {}", request.path, request.method, match.allow),
                "method_not_allowed"),
        dialect);
    admission.refusal->headers.emplace_back("Allow", match.allow);
  } else if (!percent_decode(match.parameter, request.parameter)) {
    admission.refusal = error_response(
        refused(400, fmt::format("the path '{}' is not percent-encoded UTF-8", request.path), "bad_path"), dialect);
  }
  admission.route = match.route;
  return admission;
}

}  // namespace zubr::server
