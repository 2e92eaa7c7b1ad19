// Rules: what an endpoint must be to be asked at all. Hard, and checked before anything else; what is not known about
// an endpoint counts against it. A request can only tighten what its key and the installation say.
//
// Plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "router/endpoint.h"

namespace zubr::router {

enum class Privacy {
  kAny,
  kZdr,      // whoever neither trains on what is sent nor keeps it; and the following
  kPrivate,  // machines of the user's own
  kLocal,    // this machine
};
std::string_view privacy_name(Privacy privacy);
Result<Privacy> parse_privacy(std::string_view text);

struct Rules {
  Privacy privacy = Privacy::kAny;
  bool deny_training = false;  // only those known not to train on what is sent
  // Names of providers, or of a provider's endpoint ("deepinfra/fp4" by tag). None: everybody; empty: nobody.
  std::optional<std::vector<std::string>> only = {};
  std::vector<std::string> ignore = {};
  std::vector<std::string> order = {};  // these first, in this order
  bool allow_fallbacks = true;          // false: only those of `order`; without one only the first choice
  std::optional<std::vector<std::string>> quantizations = {};  // "unknown" lets those in that do not say
  std::optional<std::vector<std::string>> regions = {};
  std::optional<PicoDollars> max_input_price = {}, max_output_price = {};  // per token
  std::optional<PicoDollars> max_cost = {};                                // of the request, at the most it can cost
  bool require_parameters = false;                                         // wished features are needed ones
};

// Whatever both allow. `order` and `allow_fallbacks` = false of the request win where it has them.
Rules tighten(const Rules& outer, const Rules& request);

enum class Refusal {
  kPrivacy,
  kTrains,
  kRegion,
  kNotOnly,
  kIgnored,
  kNotInOrder,
  kQuantization,
  kPrice,
  kPriceUnknown,
  kCost,
  kFeature,
  kContext,
  kNoKey,
  kUnhealthy,  // of health.h, not of rules
};
std::string_view refusal_name(Refusal refusal);  // "privacy"

struct Rejection {
  Refusal refusal = Refusal::kPrivacy;
  std::string why = {};  // for people
};

// None: it may be asked.
std::optional<Rejection> reject(const Endpoint& endpoint, const Rules& rules, const RequestShape& shape);

// "groq" is every endpoint of groq, "deepinfra/fp4" the one with that tag, "groq/llama-3.1-8b-instant" that model
// there.
bool names_endpoint(std::string_view name, const Endpoint& endpoint);

}  // namespace zubr::router
