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

Response options_answer(const std::string& allow, bool cors, const RequestHead& head) {
  Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", allow);
  if (cors && !head.preflight_method.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", allow);
    response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id");
    response.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return response;
}

// "http://host:port/path" (RFC 9112 3.2.2) → its host replaces the Host header; "/path" stays.
void split_target(const RequestHead& head, std::string& host, std::string& target) {
  host = head.host;
  target = head.target;
  if (!target.starts_with("http://")) return;
  constexpr std::size_t kScheme = 7;
  const auto slash = target.find('/', kScheme);
  host = target.substr(kScheme, slash == std::string::npos ? slash : slash - kScheme);
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

}  // namespace

Admission admit(const RequestHead& head, const OriginGuard& guard, std::string fallback_id) {
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

  const Dialect dialect = dialect_of(request.path);
  if (const auto error = judge_head(head, guard, host, admission.cors)) {
    admission.refusal = error_response(*error, dialect);
    return admission;
  }
  Match match = match_route(request.method, request.path);
  if (request.method == "OPTIONS" && request.path == "*") match.allow = "GET, HEAD, POST, OPTIONS";
  if (match.allow.empty()) {
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
