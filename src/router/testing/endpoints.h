// Endpoints for tests: some of every kind, and any at all.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "router/rules.h"

namespace zubr::router::testing {

inline Endpoint hosted(std::string provider, std::int64_t input, std::int64_t output) {
  Endpoint endpoint{.provider = std::move(provider), .model = "m"};
  endpoint.features = providers::kChat;
  endpoint.prices = {.input = PicoDollars{input}, .output = PicoDollars{output}};
  endpoint.keys = 1;
  endpoint.needs_key = true;
  endpoint.key_variable = "KEY";
  return endpoint;
}

inline std::optional<bool> any_fact() { return *rc::gen::element<std::optional<bool>>(std::nullopt, true, false); }

inline std::optional<PicoDollars> any_price() {
  return *rc::gen::arbitrary<bool>() ? std::optional(PicoDollars{*rc::gen::inRange(0, 5)}) : std::nullopt;
}

inline Endpoint any_endpoint() {
  Endpoint endpoint;
  endpoint.provider = *rc::gen::element<std::string>("a", "b", "c");
  endpoint.model = *rc::gen::element<std::string>("m", "n");
  endpoint.tag = *rc::gen::element<std::string>("", "fp8");
  endpoint.reach = *rc::gen::element(providers::Reach::kLocal, providers::Reach::kPrivate, providers::Reach::kHosted);
  endpoint.privacy.trains = any_fact();
  endpoint.privacy.retains = any_fact();
  endpoint.privacy.region = *rc::gen::element<std::string>("", "EU", "US");
  endpoint.features =
      *rc::gen::element<providers::Features>(providers::kChat, providers::kChat | providers::kTools, ~0u);
  endpoint.prices.input = any_price();
  endpoint.prices.output = any_price();
  endpoint.quantization = *rc::gen::element<std::string>("", "fp8", "bf16");
  if (*rc::gen::arbitrary<bool>()) endpoint.context = *rc::gen::inRange(1, 200);
  if (*rc::gen::arbitrary<bool>()) endpoint.max_output = *rc::gen::inRange(1, 200);
  if (*rc::gen::arbitrary<bool>()) endpoint.latency_ms = *rc::gen::inRange(1, 2000);
  endpoint.needs_key = *rc::gen::arbitrary<bool>();
  endpoint.keys = *rc::gen::inRange(0, 3);
  endpoint.rank = *rc::gen::inRange(0, 2);
  return endpoint;
}

inline std::vector<std::string> any_names() {
  return *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "b", "c", "a/fp8", "b/m"));
}
inline std::optional<std::vector<std::string>> maybe(std::vector<std::string> names) {
  return *rc::gen::arbitrary<bool>() ? std::optional(std::move(names)) : std::nullopt;
}

inline Rules any_rules() {
  Rules rules;
  rules.privacy = *rc::gen::element(Privacy::kAny, Privacy::kZdr, Privacy::kPrivate, Privacy::kLocal);
  rules.deny_training = *rc::gen::arbitrary<bool>();
  rules.only = maybe(any_names());
  rules.ignore = any_names();
  rules.order = any_names();
  rules.allow_fallbacks = *rc::gen::arbitrary<bool>();
  rules.quantizations =
      maybe(*rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("unknown", "fp8")));
  rules.regions = maybe(*rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("EU", "US")));
  rules.max_input_price = any_price();
  rules.max_output_price = any_price();
  if (*rc::gen::arbitrary<bool>()) rules.max_cost = PicoDollars{*rc::gen::inRange(0, 500)};
  rules.require_parameters = *rc::gen::arbitrary<bool>();
  return rules;
}

inline RequestShape any_shape() {
  RequestShape shape;
  shape.needed = *rc::gen::element<providers::Features>(providers::kChat, providers::kChat | providers::kTools);
  shape.wished = *rc::gen::element<providers::Features>(0u, providers::kTopK);
  shape.prompt_bytes = *rc::gen::inRange(0, 3000);
  shape.max_tokens = *rc::gen::inRange(-1, 100);
  return shape;
}

}  // namespace zubr::router::testing
