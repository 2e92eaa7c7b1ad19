#include "router/decision.h"

#include <algorithm>
#include <array>
#include <limits>

namespace zubr::router {
namespace {

using providers::Reach;

constexpr double kNever = std::numeric_limits<double>::infinity();

std::optional<double> expected_seconds(const Endpoint& endpoint, const RequestShape& shape,
                                       const Circumstances& circumstances) {
  auto speed = circumstances.speed ? circumstances.speed(endpoint) : std::nullopt;
  if (!speed && endpoint.latency_ms) speed = Speed{*endpoint.latency_ms / 1000, endpoint.tokens_per_second.value_or(0)};
  if (!speed) return std::nullopt;
  const double after = speed->tokens_per_second > 0
                           ? static_cast<double>(shape.expected_completion_tokens()) / speed->tokens_per_second
                           : 0;
  return speed->first_token_s + after;
}

double cost_key(const Choice& choice) { return choice.cost ? static_cast<double>(choice.cost->count) : kNever; }
double time_key(const Choice& choice) { return choice.seconds.value_or(kNever); }

bool cheaper(const Choice& a, const Choice& b) {
  if (cost_key(a) != cost_key(b)) return cost_key(a) < cost_key(b);
  if (time_key(a) != time_key(b)) return time_key(a) < time_key(b);
  return a.endpoint.name() < b.endpoint.name();
}

bool faster(const Choice& a, const Choice& b) {
  if (time_key(a) != time_key(b)) return time_key(a) < time_key(b);
  return cheaper(a, b);
}

// Drawn one after the other without putting back: the chance of each is its weight's share of what is left. What costs
// nothing comes first, what is not priced last.
void shuffle_by_price(std::vector<Choice>& choices, const std::function<double()>& random) {
  std::ranges::sort(choices, cheaper);
  const auto weight = [](const Choice& choice) {
    const double cost = cost_key(choice);
    return cost == kNever || cost == 0 ? 0.0 : 1 / (cost * cost);
  };
  auto first = std::ranges::find_if(choices, [&](const Choice& choice) { return cost_key(choice) > 0; });
  const auto last = std::ranges::find_if(choices, [&](const Choice& choice) { return cost_key(choice) == kNever; });
  for (; first != last; ++first) {
    double sum = 0;
    for (auto at = first; at != last; ++at) sum += weight(*at);
    double left = (random ? random() : 0) * sum;
    auto chosen = first;
    for (; chosen + 1 != last && left >= weight(*chosen); ++chosen) left -= weight(*chosen);
    std::rotate(first, chosen, chosen + 1);
  }
}

void sort_by(Policy policy, std::vector<Choice>& choices, const Circumstances& circumstances) {
  switch (policy) {
    case Policy::kCheapest: std::ranges::sort(choices, cheaper); return;
    case Policy::kFastest: std::ranges::sort(choices, faster); return;
    case Policy::kBalanced: shuffle_by_price(choices, circumstances.random); return;
    case Policy::kLocalFirst: {
      std::ranges::sort(choices, cheaper);
      const auto place = [&](const Choice& choice) {
        const bool full = choice.endpoint.reach != Reach::kHosted && circumstances.queue &&
                          circumstances.queue(choice.endpoint) > circumstances.longest_local_queue;
        return full ? static_cast<int>(Reach::kHosted) + 1 : static_cast<int>(choice.endpoint.reach);
      };
      std::ranges::stable_sort(choices, {}, place);
    }
  }
}

// Of the places in `order` the first that names it; behind all where none does.
std::size_t place_in(const std::vector<std::string>& order, const Endpoint& endpoint) {
  for (std::size_t at = 0; at < order.size(); ++at)
    if (names_endpoint(order[at], endpoint)) return at;
  return order.size();
}

std::string why(Policy policy, const Choice& choice, const std::vector<std::string>& order) {
  if (place_in(order, choice.endpoint) < order.size()) return message("named in 'order'");
  switch (policy) {
    case Policy::kCheapest: return choice.cost ? message("by expected cost") : message("its cost is unknown: last");
    case Policy::kFastest: return choice.seconds ? message("by expected time") : message("its speed is unknown: last");
    case Policy::kBalanced: return message("drawn; cheaper ones more often");
    case Policy::kLocalFirst:
      return choice.endpoint.reach == Reach::kHosted ? message("behind one's own machines")
                                                     : message("one's own machine");
  }
  return {};
}

constexpr std::array<std::pair<Policy, std::string_view>, 7> kPolicies{{{Policy::kCheapest, "cheapest"},
                                                                        {Policy::kFastest, "fastest"},
                                                                        {Policy::kBalanced, "balanced"},
                                                                        {Policy::kLocalFirst, "local-first"},
                                                                        {Policy::kCheapest, "price"},
                                                                        {Policy::kFastest, "throughput"},
                                                                        {Policy::kFastest, "latency"}}};

ErrorCode code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kPrivacy:
    case Refusal::kTrains:
    case Refusal::kRegion: return ErrorCode::kPrivacy;
    case Refusal::kNotOnly:
    case Refusal::kIgnored:
    case Refusal::kNotInOrder:
    case Refusal::kQuantization: return ErrorCode::kNotFound;
    case Refusal::kPrice:
    case Refusal::kPriceUnknown:
    case Refusal::kCost: return ErrorCode::kBudgetExceeded;
    case Refusal::kFeature: return ErrorCode::kUnsupported;
    case Refusal::kContext: return ErrorCode::kTooLarge;
    case Refusal::kNoKey: return ErrorCode::kUnauthenticated;
    case Refusal::kUnhealthy: return ErrorCode::kUnavailable;
  }
  return ErrorCode::kUnavailable;
}

}  // namespace

std::string_view policy_name(Policy policy) {
  return std::ranges::find(kPolicies, policy, &std::pair<Policy, std::string_view>::first)->second;
}

Result<Policy> parse_policy(std::string_view text) {
  for (const auto& [policy, name] : kPolicies)
    if (text == name) return policy;
  return fail(ErrorCode::kInvalidArgument, "'{}' is no policy; one of cheapest, fastest, balanced, local-first", text);
}

Decision decide(std::string model, std::vector<Endpoint> endpoints, const Rules& rules, const RequestShape& shape,
                Policy policy, const Circumstances& circumstances) {
  Decision decision{.model = std::move(model), .policy = policy, .rules = rules, .shape = shape};
  for (Endpoint& endpoint : endpoints) {
    if (auto rejection = reject(endpoint, rules, shape)) {
      decision.losers.push_back({std::move(endpoint), std::move(*rejection)});
      continue;
    }
    if (const auto wait = circumstances.resting ? circumstances.resting(endpoint) : std::nullopt) {
      decision.losers.push_back(
          {std::move(endpoint), {Refusal::kUnhealthy, message("failed lately; is asked again in {:.0f} s", *wait)}});
      continue;
    }
    Choice choice{.endpoint = std::move(endpoint)};
    choice.cost = expected_cost(choice.endpoint, shape);
    choice.seconds = expected_seconds(choice.endpoint, shape, circumstances);
    decision.choices.push_back(std::move(choice));
  }
  sort_by(policy, decision.choices, circumstances);
  std::ranges::stable_sort(decision.choices, {}, [&](const Choice& c) { return place_in(rules.order, c.endpoint); });
  std::ranges::stable_sort(decision.choices, {}, [](const Choice& c) { return c.endpoint.rank; });
  for (Choice& choice : decision.choices) choice.why = why(policy, choice, rules.order);
  if (!rules.allow_fallbacks && rules.order.empty() && decision.choices.size() > 1) decision.choices.resize(1);
  return decision;
}

Error nobody(const Decision& decision) {
  if (decision.losers.empty())
    return Error(ErrorCode::kNotFound,
                 message("nobody is known who serves '{}'; see: zubr search, zubr providers", decision.model));
  // Reasons are checked in their order: who failed at the last of them came furthest.
  const auto furthest = std::ranges::max_element(
      decision.losers, {}, [](const Loser& loser) { return static_cast<int>(loser.rejection.refusal); });
  constexpr std::size_t kShown = 4;
  std::string list;
  for (std::size_t at = 0; at < std::min(kShown, decision.losers.size()); ++at)
    list += fmt::format("{}{} {}", at == 0 ? "" : "; ", decision.losers[at].endpoint.name(),
                        decision.losers[at].rejection.why);
  if (decision.losers.size() > kShown) list += message("; and {} more", decision.losers.size() - kShown);
  return Error(code_of(furthest->rejection.refusal),
               message("nobody may or can serve '{}' as asked (privacy {}): {}", decision.model,
                       privacy_name(decision.rules.privacy), list));
}

}  // namespace zubr::router
