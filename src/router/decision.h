// A decision: who is asked first, who next, and why the others are not; later, what came of it. Every decision can be
// explained. Never holds what the request says. Plain values, pure functions.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "router/endpoint.h"
#include "router/rules.h"
#include "router/speeds.h"

namespace zubr::router {

enum class Policy {
  kCheapest,    // by the expected cost of this request
  kFastest,     // by the expected time to the last token
  kBalanced,    // at random, the inverse square of the cost as weight
  kLocalFirst,  // this machine, the user's own, then the cheapest; a long queue here is passed by
};
std::string_view policy_name(Policy policy);
Result<Policy> parse_policy(std::string_view text);  // also "price", "throughput", "latency", as OpenRouter says it

struct Choice {
  Endpoint endpoint;
  std::optional<PicoDollars> cost = {};  // expected
  std::optional<double> seconds = {};    // expected, to the last token
  std::string why = {};                  // its place
};

struct Loser {
  Endpoint endpoint;
  Rejection rejection;
};

struct Decision {
  std::string model = {};  // as asked for
  Policy policy = Policy::kCheapest;
  Rules rules = {};
  RequestShape shape = {};
  std::vector<Choice> choices = {};  // first = the winner
  std::vector<Loser> losers = {};
};

// What is known besides the endpoints themselves.
struct Circumstances {
  // As measured; none: what is published counts.
  std::function<std::optional<Speed>(const Endpoint&)> speed = {};
  // Seconds until it may be asked again; none: now.
  std::function<std::optional<double>(const Endpoint&)> resting = {};
  std::function<int(const Endpoint&)> queue = {};  // requests that wait there, where that is known
  int longest_local_queue = 4;
  std::function<double()> random = {};  // in [0, 1); for kBalanced
};

Decision decide(std::string model, std::vector<Endpoint> endpoints, const Rules& rules, const RequestShape& shape,
                Policy policy, const Circumstances& circumstances);

// Why nobody can be asked; the code says of what kind: kPrivacy, kBudgetExceeded, kUnsupported …
Error nobody(const Decision& decision);

}  // namespace zubr::router
