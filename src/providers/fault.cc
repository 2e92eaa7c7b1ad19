#include "providers/fault.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/utf8.h"

namespace zubr::providers {
namespace {

namespace json = boost::json;

struct FaultRow {
  Fault fault;
  std::string_view name;
  ErrorCode code;
};

constexpr std::array<FaultRow, 17> kFaults{{
    {Fault::kBadKey, "bad_key", ErrorCode::kUnauthenticated},
    {Fault::kNoCredit, "no_credit", ErrorCode::kBudgetExceeded},
    {Fault::kForbidden, "forbidden", ErrorCode::kPermissionDenied},
    {Fault::kRateLimited, "rate_limited", ErrorCode::kRateLimited},
    {Fault::kOverloaded, "overloaded", ErrorCode::kUnavailable},
    {Fault::kServerError, "server_error", ErrorCode::kUnavailable},
    {Fault::kBadRequest, "bad_request", ErrorCode::kInvalidArgument},
    {Fault::kNoSuchModel, "no_such_model", ErrorCode::kNotFound},
    {Fault::kContextTooLong, "context_too_long", ErrorCode::kTooLarge},
    {Fault::kContentFiltered, "content_filtered", ErrorCode::kUnsupported},
    {Fault::kNotUnderstood, "not_understood", ErrorCode::kCorrupt},
    {Fault::kNetwork, "network", ErrorCode::kNetwork},
    {Fault::kCut, "cut", ErrorCode::kNetwork},
    {Fault::kTimeout, "timeout", ErrorCode::kTimeout},
    {Fault::kCancelled, "cancelled", ErrorCode::kCancelled},
    {Fault::kUnsupported, "unsupported", ErrorCode::kUnsupported},
    {Fault::kNotAllowed, "not_allowed", ErrorCode::kBudgetExceeded},
}};

const FaultRow& row_of(Fault fault) { return *std::ranges::find(kFaults, fault, &FaultRow::fault); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

std::string text_of(const json::value* value) {
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_int64()) return std::to_string(value->get_int64());
  return {};
}

void read_object(const json::object& object, Complaint& complaint) {
  const auto take = [&](std::string& into, const char* name) {
    if (into.empty()) into = text_of(object.if_contains(name));
  };
  take(complaint.text, "message");
  take(complaint.text, "msg");
  take(complaint.text, "detail");
  take(complaint.text, "error_msg");
  take(complaint.type, "type");
  take(complaint.type, "status");  // Google: "RESOURCE_EXHAUSTED"
  take(complaint.code, "code");
}

}  // namespace

std::string_view fault_name(Fault fault) { return row_of(fault).name; }
ErrorCode code_of(Fault fault) { return row_of(fault).code; }

bool is_dead_key(Fault fault) {
  return fault == Fault::kBadKey || fault == Fault::kNoCredit || fault == Fault::kForbidden;
}

bool may_pass(Fault fault) {
  switch (fault) {
    case Fault::kRateLimited:
    case Fault::kOverloaded:
    case Fault::kServerError:
    case Fault::kNetwork:
    case Fault::kCut:
    case Fault::kTimeout:
    case Fault::kNotUnderstood: return true;
    default: return false;
  }
}

bool worth_another_provider(Fault fault) { return fault != Fault::kCancelled && fault != Fault::kBadRequest; }

Complaint read_complaint(int status, std::string_view body) {
  Complaint complaint{.status = status, .type = {}, .code = {}, .text = {}};
  json::error_code problem;
  const json::value root = json::parse({body.data(), body.size()}, problem);
  if (problem) return complaint;
  const json::value* top = &root;
  if (const json::array* list = root.if_array(); list != nullptr && !list->empty()) top = &list->front();  // Google
  const json::object* object = top->if_object();
  if (object == nullptr) return complaint;
  const json::value* error = object->if_contains("error");
  if (error != nullptr && error->is_object()) {
    read_object(error->get_object(), complaint);
  } else if (error != nullptr && error->is_string()) {
    complaint.text = text_of(error);
  }
  if (const json::value* detail = object->if_contains("detail"); detail != nullptr && detail->is_array()) {
    const json::array& list = detail->get_array();  // FastAPI
    if (!list.empty() && list.front().is_object()) read_object(list.front().get_object(), complaint);
  }
  read_object(*object, complaint);
  // OpenRouter and Google put the status that matters into the body.
  int number = 0;
  const auto [end, wrong] =
      std::from_chars(complaint.code.data(), complaint.code.data() + complaint.code.size(), number);
  const bool whole = wrong == std::errc() && end == complaint.code.data() + complaint.code.size();
  if (whole && number >= 400 && number < 600) complaint.status = number;
  return complaint;
}

Fault classify(const Complaint& complaint) {
  const std::string code = lower(complaint.code), type = lower(complaint.type), text = lower(complaint.text);
  const std::string names = code + " " + type;
  if (has_any(names, {"context_length_exceeded", "exceed_context_size", "context_too_long", "string_above_max_length"}))
    return Fault::kContextTooLong;
  if (has_any(names, {"content_filter", "content_policy", "moderation", "prompt_blocked"}))
    return Fault::kContentFiltered;
  if (has_any(names, {"insufficient_quota", "billing", "credit", "insufficient_balance"})) return Fault::kNoCredit;
  if (has_any(names, {"invalid_api_key", "authentication_error", "unauthenticated"})) return Fault::kBadKey;
  if (has_any(names, {"permission_error", "permission_denied"})) return Fault::kForbidden;
  if (has_any(names, {"rate_limit", "resource_exhausted", "too_many_requests", "throttl"})) return Fault::kRateLimited;
  if (has_any(names, {"overloaded", "capacity_exceeded", "unavailable"})) return Fault::kOverloaded;
  if (has_any(names, {"model_not_found", "not_found_error", "model_decommissioned"})) return Fault::kNoSuchModel;
  const bool request_is_wrong = complaint.status == 400 || complaint.status == 413 || complaint.status == 422;
  if (request_is_wrong || complaint.status == 0 || complaint.status == 200) {
    if (has_any(text, {"context length", "context window", "context size", "maximum context", "prompt is too long",
                       "too many tokens", "input is too long", "input token count", "reduce the length"}))
      return Fault::kContextTooLong;
    if (has_any(text, {"content management policy", "content policy", "safety system"})) return Fault::kContentFiltered;
    if (has_any(text, {"api key not valid", "invalid api key", "incorrect api key"})) return Fault::kBadKey;
    if (complaint.status == 400 && has_any(text, {"credit balance"})) return Fault::kNoCredit;
  }
  switch (complaint.status) {
    case 401: return Fault::kBadKey;
    case 402: return Fault::kNoCredit;
    case 403: return has_any(text, {"moderation", "flagged"}) ? Fault::kContentFiltered : Fault::kForbidden;
    case 404:
    case 410: return Fault::kNoSuchModel;
    case 408: return Fault::kTimeout;
    case 413: return Fault::kContextTooLong;
    case 429: return Fault::kRateLimited;
    case 498:  // Groq: no capacity for flexible processing
    case 503:
    case 529: return Fault::kOverloaded;
    case 504: return Fault::kTimeout;
    default: break;
  }
  if (complaint.status >= 500) return Fault::kServerError;
  if (complaint.status >= 400) return Fault::kBadRequest;
  // An error inside an answer that began well: what it is about is not known, only that it failed there.
  return has_any(names, {"invalid_request", "invalid_argument"}) ? Fault::kBadRequest : Fault::kServerError;
}

std::string say_safely(std::string_view text, const std::vector<std::string_view>& secrets,
                       const std::vector<std::string_view>& content) {
  constexpr std::size_t kLongest = 300, kSharedSecret = 6, kSharedContent = 16;
  std::string clean = core::utf8_replace(core::utf8_truncate(text, kLongest));
  for (char& c : clean)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  const auto shares = [&](std::string_view other, std::size_t length) {
    for (std::size_t at = 0; at + length <= clean.size(); ++at)
      if (other.find(std::string_view(clean).substr(at, length)) != std::string_view::npos) return true;
    return !other.empty() && other.size() < length && clean.find(other) != std::string::npos && other.size() >= 4;
  };
  for (const std::string_view secret : secrets)
    if (shares(secret, kSharedSecret)) return message("(its words repeat the key and are not shown)");
  for (const std::string_view part : content)
    if (shares(part, kSharedContent)) return message("(its words repeat the request and are not shown)");
  return text.size() > kLongest ? clean + "…" : clean;
}

}  // namespace zubr::providers
