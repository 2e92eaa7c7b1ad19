#include "router/rules.h"

#include <algorithm>
#include <array>

namespace zubr::router {
namespace {

using providers::Reach;
using Names = std::vector<std::string>;

bool holds(const Names& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

bool names_any(const Names& names, const Endpoint& endpoint) {
  return std::ranges::any_of(names, [&](const std::string& name) { return names_endpoint(name, endpoint); });
}

std::optional<Names> both(const std::optional<Names>& a, const std::optional<Names>& b) {
  if (!a || !b) return a ? a : b;
  Names shared;
  for (const std::string& name : *a)
    if (holds(*b, name)) shared.push_back(name);
  return shared;
}

// Of names where one may mean more than another: "deepinfra" and "deepinfra/fp4" share the latter.
std::optional<Names> both_providers(const std::optional<Names>& a, const std::optional<Names>& b) {
  if (!a || !b) return a ? a : b;
  const auto covers = [](const std::string& wide, const std::string& narrow) {
    return wide == narrow || narrow.starts_with(wide + "/");
  };
  Names shared;
  for (const std::string& one : *a)
    for (const std::string& other : *b) {
      if (covers(one, other))
        shared.push_back(other);
      else if (covers(other, one))
        shared.push_back(one);
    }
  return shared;
}

std::optional<PicoDollars> lower(const std::optional<PicoDollars>& a, const std::optional<PicoDollars>& b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

bool is_private_enough(const Endpoint& endpoint, Privacy privacy) {
  switch (privacy) {
    case Privacy::kAny: return true;
    case Privacy::kZdr: return endpoint.reach != Reach::kHosted || endpoint.privacy.zero_retention();
    case Privacy::kPrivate: return endpoint.reach != Reach::kHosted;
    case Privacy::kLocal: return endpoint.reach == Reach::kLocal;
  }
  return false;
}

std::string known(const std::optional<bool>& fact, std::string_view does, std::string_view does_not) {
  return !fact ? message("unknown") : std::string(*fact ? does : does_not);
}

std::optional<Rejection> reject_for_privacy(const Endpoint& endpoint, const Rules& rules) {
  if (!is_private_enough(endpoint, rules.privacy)) {
    if (rules.privacy == Privacy::kZdr)
      return Rejection{Refusal::kPrivacy,
                       message("keeps what is sent: {}, trains on it: {}", known(endpoint.privacy.retains, "yes", "no"),
                               known(endpoint.privacy.trains, "yes", "no"))};
    return Rejection{Refusal::kPrivacy, message("is {}", providers::reach_name(endpoint.reach))};
  }
  const bool hosted = endpoint.reach == Reach::kHosted;
  if (rules.deny_training && hosted && endpoint.privacy.trains != false)
    return Rejection{Refusal::kTrains,
                     message("trains on what is sent: {}", known(endpoint.privacy.trains, "yes", "no"))};
  if (rules.regions && endpoint.reach != Reach::kLocal && !holds(*rules.regions, endpoint.privacy.region))
    return Rejection{Refusal::kRegion, endpoint.privacy.region.empty() ? message("its region is unknown")
                                                                       : message("is in {}", endpoint.privacy.region)};
  return std::nullopt;
}

std::optional<Rejection> reject_for_names(const Endpoint& endpoint, const Rules& rules) {
  if (rules.only && !names_any(*rules.only, endpoint)) return Rejection{Refusal::kNotOnly, message("is not in 'only'")};
  if (names_any(rules.ignore, endpoint)) return Rejection{Refusal::kIgnored, message("is in 'ignore'")};
  if (!rules.allow_fallbacks && !rules.order.empty() && !names_any(rules.order, endpoint))
    return Rejection{Refusal::kNotInOrder, message("is not in 'order', and fallbacks are not allowed")};
  const std::string quantization = endpoint.quantization.empty() ? "unknown" : endpoint.quantization;
  if (rules.quantizations && !holds(*rules.quantizations, quantization))
    return Rejection{Refusal::kQuantization, message("its quantization is {}", quantization)};
  return std::nullopt;
}

std::optional<Rejection> reject_for_price(const Endpoint& endpoint, const Rules& rules, const RequestShape& shape) {
  const auto over = [&](const std::optional<PicoDollars>& limit,
                        const std::optional<PicoDollars>& price) -> std::optional<Rejection> {
    if (!limit) return std::nullopt;
    if (!price) return Rejection{Refusal::kPriceUnknown, message("its price is unknown")};
    if (*price <= *limit) return std::nullopt;
    return Rejection{Refusal::kPrice, message("costs {} $ a million tokens, {} at most are allowed",
                                              core::display_per_million(*price), core::display_per_million(*limit))};
  };
  if (auto rejection = over(rules.max_input_price, endpoint.prices.input)) return rejection;
  if (auto rejection = over(rules.max_output_price, endpoint.prices.output)) return rejection;
  if (!rules.max_cost) return std::nullopt;
  const auto cost = most_cost(endpoint, shape);
  if (!cost) return Rejection{Refusal::kPriceUnknown, message("the most that it can cost is unknown")};
  if (*cost <= *rules.max_cost) return std::nullopt;
  return Rejection{Refusal::kCost, message("can cost {} $, {} at most are allowed", core::dollars_text(*cost),
                                           core::dollars_text(*rules.max_cost))};
}

std::optional<Rejection> reject_for_ability(const Endpoint& endpoint, const Rules& rules, const RequestShape& shape) {
  const providers::Features needed = shape.needed | (rules.require_parameters ? shape.wished : 0u);
  if (const providers::Features missing = needed & ~endpoint.features; missing != 0)
    return Rejection{Refusal::kFeature, message("cannot do this: {}",
                                                fmt::format("{}", fmt::join(providers::feature_names(missing), ", ")))};
  if (endpoint.context && shape.least_prompt_tokens() > *endpoint.context)
    return Rejection{Refusal::kContext, message("reads {} tokens, the prompt has at least {}", *endpoint.context,
                                                shape.least_prompt_tokens())};
  if (endpoint.needs_key && endpoint.keys == 0)
    return Rejection{Refusal::kNoKey, message("has no key: {} is not set", endpoint.key_variable)};
  return std::nullopt;
}

constexpr std::array<std::pair<Privacy, std::string_view>, 4> kPrivacies{
    {{Privacy::kAny, "any"}, {Privacy::kZdr, "zdr"}, {Privacy::kPrivate, "private"}, {Privacy::kLocal, "local"}}};

constexpr std::array<std::pair<Refusal, std::string_view>, 14> kRefusals{{{Refusal::kPrivacy, "privacy"},
                                                                          {Refusal::kTrains, "trains"},
                                                                          {Refusal::kRegion, "region"},
                                                                          {Refusal::kNotOnly, "not_in_only"},
                                                                          {Refusal::kIgnored, "ignored"},
                                                                          {Refusal::kNotInOrder, "not_in_order"},
                                                                          {Refusal::kQuantization, "quantization"},
                                                                          {Refusal::kPrice, "price"},
                                                                          {Refusal::kPriceUnknown, "price_unknown"},
                                                                          {Refusal::kCost, "cost"},
                                                                          {Refusal::kFeature, "feature"},
                                                                          {Refusal::kContext, "context"},
                                                                          {Refusal::kNoKey, "no_key"},
                                                                          {Refusal::kUnhealthy, "unhealthy"}}};

}  // namespace

std::string_view privacy_name(Privacy privacy) {
  return std::ranges::find(kPrivacies, privacy, &std::pair<Privacy, std::string_view>::first)->second;
}

Result<Privacy> parse_privacy(std::string_view text) {
  for (const auto& [privacy, name] : kPrivacies)
    if (text == name) return privacy;
  return fail(ErrorCode::kInvalidArgument, "'{}' is no privacy; one of local, private, zdr, any", text);
}

std::string_view refusal_name(Refusal refusal) {
  return std::ranges::find(kRefusals, refusal, &std::pair<Refusal, std::string_view>::first)->second;
}

bool names_endpoint(std::string_view name, const Endpoint& endpoint) {
  if (name == endpoint.provider) return true;
  const std::string start = endpoint.provider + "/";
  if (!name.starts_with(start)) return false;
  const std::string_view rest = name.substr(start.size());
  return rest == endpoint.model || (!endpoint.tag.empty() && rest == endpoint.tag);
}

Rules tighten(const Rules& outer, const Rules& request) {
  Rules rules = outer;
  rules.privacy = std::max(outer.privacy, request.privacy);
  rules.deny_training = outer.deny_training || request.deny_training;
  rules.only = both_providers(outer.only, request.only);
  rules.ignore.insert(rules.ignore.end(), request.ignore.begin(), request.ignore.end());
  // An order that must be kept to is a rule; the request's own order then sorts what is left.
  if (!outer.allow_fallbacks && !outer.order.empty()) rules.only = both_providers(rules.only, outer.order);
  if (!request.allow_fallbacks && !request.order.empty()) rules.only = both_providers(rules.only, request.order);
  if (!request.order.empty()) rules.order = request.order;
  const bool outer_is_in_only = outer.allow_fallbacks || !outer.order.empty();
  rules.allow_fallbacks = request.allow_fallbacks && (request.order.empty() ? outer.allow_fallbacks : outer_is_in_only);
  rules.quantizations = both(outer.quantizations, request.quantizations);
  rules.regions = both(outer.regions, request.regions);
  rules.max_input_price = lower(outer.max_input_price, request.max_input_price);
  rules.max_output_price = lower(outer.max_output_price, request.max_output_price);
  rules.max_cost = lower(outer.max_cost, request.max_cost);
  rules.require_parameters = outer.require_parameters || request.require_parameters;
  return rules;
}

std::optional<Rejection> reject(const Endpoint& endpoint, const Rules& rules, const RequestShape& shape) {
  if (auto rejection = reject_for_privacy(endpoint, rules)) return rejection;
  if (auto rejection = reject_for_names(endpoint, rules)) return rejection;
  if (auto rejection = reject_for_price(endpoint, rules, shape)) return rejection;
  return reject_for_ability(endpoint, rules, shape);
}

}  // namespace zubr::router
