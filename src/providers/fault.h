// What can go wrong between us and a provider: a closed set that says what to do next, and an error with it.
//
// Plain values; pure functions. Messages hold what the provider said only after say_safely(): no key, nothing of the
// prompt, no control characters, at most 300 bytes.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::providers {

enum class Fault {
  kBadKey,           // 401: the key is none
  kNoCredit,         // 402, or 429 that says the quota is used up
  kForbidden,        // 403: the key may not
  kRateLimited,      // 429
  kOverloaded,       // 503, 529
  kServerError,      // other 5xx
  kBadRequest,       // 400, 422 …: it would fail everywhere, or at least here again
  kNoSuchModel,      // 404
  kContextTooLong,   // the prompt is longer than the model reads
  kContentFiltered,  // refused, or cut off, for what it says
  kNotUnderstood,    // the answer is not in the form it should have
  kNetwork,          // no connection, or it broke before the answer began
  kCut,              // the answer broke off
  kTimeout,
  kCancelled,    // by us
  kUnsupported,  // this provider cannot do what is asked; nothing was sent
  kNotAllowed,   // a budget of ours says no; nothing was sent
};

std::string_view fault_name(Fault fault);  // "rate_limited"
ErrorCode code_of(Fault fault);
// The key is good for nothing: another one may be.
bool is_dead_key(Fault fault);
// The same request may go well a little later, with the same key.
bool may_pass(Fault fault);
// Another provider may well answer this. Not so where the request itself is wrong, or we stopped.
bool worth_another_provider(Fault fault);

struct UpstreamError {
  Fault fault = Fault::kNetwork;
  std::string message = {};  // for the person who reads it; names provider and model
  int status = 0;            // of HTTP; 0: there was none
  std::optional<std::chrono::milliseconds> retry_after = {};
  bool after_output = false;  // a part of the answer had come before
  std::string said = {};      // what the provider said, as it came: for this module only, empty outside of it

  Error error() const { return Error(code_of(fault), message); }
};

template <typename T>
using UpstreamResult = tl::expected<T, UpstreamError>;

// What a provider says is wrong, before it is known what that means.
struct Complaint {
  int status = 0;    // of HTTP, or the number that stands in the body
  std::string type;  // "invalid_request_error"
  std::string code;  // "context_length_exceeded"
  std::string text;  // the sentence for people, as it came
};

// Reads the forms of error that OpenAI, OpenRouter, vLLM, llama-server, Mistral, FastAPI, Anthropic and Google have;
// a body of another form becomes a Complaint with only the status.
Complaint read_complaint(int status, std::string_view body);
Fault classify(const Complaint& complaint);

// What somebody else wrote, fit for a message: see above. `secrets`: keys; `content`: what the request said.
std::string say_safely(std::string_view text, const std::vector<std::string_view>& secrets,
                       const std::vector<std::string_view>& content);

}  // namespace zubr::providers
