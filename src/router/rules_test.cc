#include "router/rules.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "router/testing/endpoints.h"

namespace zubr::router {
namespace {

using namespace testing;  // NOLINT
using providers::Reach;

const RequestShape kShape{.needed = providers::kChat, .prompt_bytes = 100, .max_tokens = 10};

std::optional<Refusal> refusal(const Endpoint& endpoint, const Rules& rules, const RequestShape& shape = kShape) {
  const auto rejection = reject(endpoint, rules, shape);
  EXPECT_TRUE(!rejection || !rejection->why.empty());
  return rejection ? std::optional(rejection->refusal) : std::nullopt;
}

TEST(Rules, UnknownIsNotPrivate) {
  Endpoint endpoint = hosted("a", 1, 1);
  Rules rules{.privacy = Privacy::kZdr};
  EXPECT_EQ(refusal(endpoint, rules), Refusal::kPrivacy);
  endpoint.privacy.trains = false;
  EXPECT_EQ(refusal(endpoint, rules), Refusal::kPrivacy) << "whether it keeps it is unknown";
  endpoint.privacy.retains = false;
  EXPECT_EQ(refusal(endpoint, rules), std::nullopt);
  rules.privacy = Privacy::kPrivate;
  EXPECT_EQ(refusal(endpoint, rules), Refusal::kPrivacy);
  endpoint.reach = Reach::kPrivate;
  EXPECT_EQ(refusal(endpoint, rules), std::nullopt);
  rules.privacy = Privacy::kLocal;
  EXPECT_EQ(refusal(endpoint, rules), Refusal::kPrivacy);
  EXPECT_EQ(refusal(hosted("a", 1, 1), {.deny_training = true}), Refusal::kTrains);
  EXPECT_EQ(refusal(hosted("a", 1, 1), {.regions = {{"EU"}}}), Refusal::kRegion);
}

TEST(Rules, EachRefusesForItsOwnReason) {
  const Endpoint endpoint = hosted("a", 3, 4);
  EXPECT_EQ(refusal(endpoint, {}), std::nullopt);
  EXPECT_EQ(refusal(endpoint, {.only = {{"b"}}}), Refusal::kNotOnly);
  EXPECT_EQ(refusal(endpoint, {.only = std::vector<std::string>{}}), Refusal::kNotOnly) << "an empty list is nobody";
  EXPECT_EQ(refusal(endpoint, {.ignore = {"a"}}), Refusal::kIgnored);
  EXPECT_EQ(refusal(endpoint, {.order = {"b"}, .allow_fallbacks = false}), Refusal::kNotInOrder);
  EXPECT_EQ(refusal(endpoint, {.order = {"b"}}), std::nullopt);
  EXPECT_EQ(refusal(endpoint, {.quantizations = {{"fp8"}}}), Refusal::kQuantization);
  EXPECT_EQ(refusal(endpoint, {.quantizations = {{"unknown"}}}), std::nullopt);
  EXPECT_EQ(refusal(endpoint, {.max_input_price = PicoDollars{2}}), Refusal::kPrice);
  EXPECT_EQ(refusal(endpoint, {.max_output_price = PicoDollars{4}}), std::nullopt);
  EXPECT_EQ(refusal(endpoint, {.max_cost = PicoDollars{100}}), Refusal::kCost);
  EXPECT_EQ(refusal(endpoint, {}, {.needed = providers::kChat | providers::kTools}), Refusal::kFeature);
  EXPECT_EQ(refusal(endpoint, {.require_parameters = true}, {.needed = providers::kChat, .wished = providers::kTopK}),
            Refusal::kFeature);
  Endpoint other = endpoint;
  other.prices.output.reset();
  EXPECT_EQ(refusal(other, {.max_output_price = PicoDollars{9}}), Refusal::kPriceUnknown);
  EXPECT_EQ(refusal(other, {.max_cost = PicoDollars{9}}), Refusal::kPriceUnknown);
  other = endpoint;
  other.context = 4;
  EXPECT_EQ(refusal(other, {}), Refusal::kContext);
  other = endpoint;
  other.keys = 0;
  EXPECT_EQ(refusal(other, {}), Refusal::kNoKey);
}

TEST(Rules, ANameMayBeAProviderItsTagOrItsModel) {
  Endpoint endpoint = hosted("deepinfra", 1, 1);
  endpoint.tag = "fp4";
  EXPECT_TRUE(names_endpoint("deepinfra", endpoint));
  EXPECT_TRUE(names_endpoint("deepinfra/fp4", endpoint));
  EXPECT_TRUE(names_endpoint("deepinfra/m", endpoint));
  EXPECT_FALSE(names_endpoint("deepinfra/fp8", endpoint));
  EXPECT_FALSE(names_endpoint("deep", endpoint));
}

TEST(Rules, PrivacyAndTheOtherNamesAreReadBack) {
  for (const Privacy privacy : {Privacy::kAny, Privacy::kZdr, Privacy::kPrivate, Privacy::kLocal})
    EXPECT_EQ(parse_privacy(privacy_name(privacy)), privacy);
  EXPECT_FALSE(parse_privacy("public"));
}

RC_GTEST_PROP(RulesProperty, ARequestCanOnlyTighten, ()) {
  const Rules outer = any_rules(), request = any_rules();
  const Endpoint endpoint = any_endpoint();
  const RequestShape shape = any_shape();
  if (reject(endpoint, tighten(outer, request), shape)) return;
  RC_ASSERT(!reject(endpoint, outer, shape));
  RC_ASSERT(!reject(endpoint, request, shape));
}

RC_GTEST_PROP(RulesProperty, SayingNothingChangesNothing, ()) {
  const Rules outer = any_rules();
  const Endpoint endpoint = any_endpoint();
  const RequestShape shape = any_shape();
  RC_ASSERT(reject(endpoint, tighten(outer, {}), shape).has_value() == reject(endpoint, outer, shape).has_value());
}

RC_GTEST_PROP(RulesProperty, WhoIsAllowedIsPrivateEnough, ()) {
  const Rules rules = any_rules();
  const Endpoint endpoint = any_endpoint();
  if (reject(endpoint, rules, any_shape())) return;
  if (rules.privacy == Privacy::kLocal) RC_ASSERT(endpoint.reach == Reach::kLocal);
  if (rules.privacy == Privacy::kPrivate) RC_ASSERT(endpoint.reach != Reach::kHosted);
  const bool keeps_nothing = endpoint.privacy.trains == false && endpoint.privacy.retains == false;
  if (rules.privacy == Privacy::kZdr) RC_ASSERT(endpoint.reach != Reach::kHosted || keeps_nothing);
  if (rules.deny_training) RC_ASSERT(endpoint.reach != Reach::kHosted || endpoint.privacy.trains == false);
}

}  // namespace
}  // namespace zubr::router
