#include "router/decision.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "router/testing/endpoints.h"

namespace zubr::router {
namespace {

using namespace testing;  // NOLINT
using providers::Reach;

const RequestShape kShape{.needed = providers::kChat, .prompt_bytes = 400, .max_tokens = 100};

std::vector<std::string> places(const Decision& decision) {
  std::vector<std::string> names;
  for (const Choice& choice : decision.choices) names.push_back(choice.endpoint.provider);
  return names;
}
using Names = std::vector<std::string>;

TEST(Decision, TheCheapestIsByTheCostOfThisRequest) {
  const std::vector<Endpoint> all{hosted("long-answers", 10, 1), hosted("long-prompts", 1, 10)};
  RequestShape prompt = kShape, answer = kShape;
  prompt.prompt_bytes = 40'000;
  answer.prompt_bytes = 0;
  EXPECT_EQ(places(decide("m", all, {}, prompt, Policy::kCheapest, {})), (Names{"long-prompts", "long-answers"}));
  EXPECT_EQ(places(decide("m", all, {}, answer, Policy::kCheapest, {})), (Names{"long-answers", "long-prompts"}));
}

TEST(Decision, AnUnknownPriceComesLast) {
  Endpoint unknown = hosted("unknown", 0, 0);
  unknown.prices = {};
  EXPECT_EQ(places(decide("m", {unknown, hosted("dear", 1000, 1000)}, {}, kShape, Policy::kCheapest, {})),
            (Names{"dear", "unknown"}));
}

TEST(Decision, TheFastestIsByWhatWasMeasuredBeforeWhatIsPublished) {
  Endpoint a = hosted("a", 1, 1), b = hosted("b", 1, 1), c = hosted("c", 1, 1);
  a.latency_ms = 100;
  a.tokens_per_second = 100;  // 1.1 s
  b.latency_ms = 900;
  b.tokens_per_second = 1000;  // 1.0 s
  EXPECT_EQ(places(decide("m", {a, b, c}, {}, kShape, Policy::kFastest, {})), (Names{"b", "a", "c"}));
  const Circumstances slow_b{.speed = [](const Endpoint& e) {
    return e.provider == "b" ? std::optional(Speed{5, 1000}) : std::nullopt;
  }};
  EXPECT_EQ(places(decide("m", {a, b, c}, {}, kShape, Policy::kFastest, slow_b)), (Names{"a", "b", "c"}));
}

TEST(Decision, BalancedDrawsWithTheInverseSquareOfThePrice) {
  const std::vector<Endpoint> all{hosted("one", 1000, 1000), hosted("three", 3000, 3000)};
  std::minstd_rand generator(7);
  const Circumstances random{.random = [&] { return std::uniform_real_distribution<double>(0, 1)(generator); }};
  int cheap = 0;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i)
    if (places(decide("m", all, {}, kShape, Policy::kBalanced, random)).front() == "one") ++cheap;
  EXPECT_NEAR(static_cast<double>(cheap) / kDraws, 0.9, 0.01) << "9 : 1";
}

TEST(Decision, LocalFirstSpillsOverWhereTheQueueIsLong) {
  Endpoint local = hosted("local", 0, 0), mine = hosted("mine", 0, 0);
  local.reach = Reach::kLocal;
  mine.reach = Reach::kPrivate;
  const std::vector<Endpoint> all{hosted("cheap", 1, 1), mine, hosted("dear", 2, 2), local};
  EXPECT_EQ(places(decide("m", all, {}, kShape, Policy::kLocalFirst, {})), (Names{"local", "mine", "cheap", "dear"}));
  const Circumstances busy{.queue = [](const Endpoint& e) { return e.reach == Reach::kLocal ? 5 : 0; },
                           .longest_local_queue = 4};
  EXPECT_EQ(places(decide("m", all, {}, kShape, Policy::kLocalFirst, busy)), (Names{"mine", "cheap", "dear", "local"}));
}

TEST(Decision, OrderAndOnlyAndFallbacksAreHonoured) {
  const std::vector<Endpoint> all{hosted("a", 1, 1), hosted("b", 2, 2), hosted("c", 3, 3)};
  EXPECT_EQ(places(decide("m", all, {.order = {"c", "b"}}, kShape, Policy::kCheapest, {})), (Names{"c", "b", "a"}));
  EXPECT_EQ(places(decide("m", all, {.order = {"c", "b"}, .allow_fallbacks = false}, kShape, Policy::kCheapest, {})),
            (Names{"c", "b"}));
  EXPECT_EQ(places(decide("m", all, {.allow_fallbacks = false}, kShape, Policy::kCheapest, {})), (Names{"a"}));
}

TEST(Decision, AStandInModelComesBehindTheFirst) {
  Endpoint first = hosted("dear", 100, 100), second = hosted("cheap", 1, 1);
  second.rank = 1;
  EXPECT_EQ(places(decide("m", {second, first}, {}, kShape, Policy::kCheapest, {})), (Names{"dear", "cheap"}));
}

TEST(Decision, WhoIsRestingIsNotAskedAndTheReasonIsSaid) {
  const Circumstances tired{
      .resting = [](const Endpoint& e) { return e.provider == "a" ? std::optional(12.0) : std::nullopt; }};
  const Decision decision = decide("m", {hosted("a", 1, 1), hosted("b", 2, 2)}, {}, kShape, Policy::kCheapest, tired);
  EXPECT_EQ(places(decision), Names{"b"});
  ASSERT_EQ(decision.losers.size(), 1u);
  EXPECT_NE(decision.losers[0].rejection.why.find("12 s"), std::string::npos);
}

TEST(Decision, NobodyIsAnErrorOfItsKind) {
  const auto code = [](const Endpoint& endpoint, const Rules& rules) {
    return nobody(decide("m", {endpoint}, rules, kShape, Policy::kCheapest, {})).code();
  };
  EXPECT_EQ(code(hosted("a", 1, 1), {.privacy = Privacy::kLocal}), ErrorCode::kPrivacy);
  EXPECT_EQ(code(hosted("a", 9, 9), {.max_input_price = PicoDollars{1}}), ErrorCode::kBudgetExceeded);
  Endpoint keyless = hosted("a", 1, 1);
  keyless.keys = 0;
  EXPECT_EQ(code(keyless, {}), ErrorCode::kUnauthenticated);
  EXPECT_EQ(nobody(decide("m", {}, {}, kShape, Policy::kCheapest, {})).code(), ErrorCode::kNotFound);
  const Error error =
      nobody(decide("m", {hosted("groq", 1, 1)}, {.privacy = Privacy::kZdr}, kShape, Policy::kCheapest, {}));
  EXPECT_NE(error.message().find("groq/m"), std::string::npos) << error.message();
  EXPECT_NE(error.message().find("privacy zdr"), std::string::npos) << error.message();
}

RC_GTEST_PROP(DecisionProperty, NoRuleIsEverBrokenAndNobodyGetsLost, ()) {
  std::vector<Endpoint> all;
  const int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) all.push_back(any_endpoint());
  const Rules rules = any_rules();
  const RequestShape shape = any_shape();
  const Policy policy = *rc::gen::element(Policy::kCheapest, Policy::kFastest, Policy::kBalanced, Policy::kLocalFirst);
  const Decision decision = decide("m", all, rules, shape, policy, {});
  std::size_t allowed = 0;
  for (const Endpoint& endpoint : all) allowed += reject(endpoint, rules, shape) ? 0 : 1;
  for (const Choice& choice : decision.choices) RC_ASSERT(!reject(choice.endpoint, rules, shape));
  for (const Loser& loser : decision.losers) RC_ASSERT(reject(loser.endpoint, rules, shape).has_value());
  RC_ASSERT(decision.losers.size() == all.size() - allowed);
  const bool one_only = !rules.allow_fallbacks && rules.order.empty();
  RC_ASSERT(decision.choices.size() == (one_only ? std::min<std::size_t>(1, allowed) : allowed));
  const auto place = [&](const Choice& choice) {
    for (std::size_t at = 0; at < rules.order.size(); ++at)
      if (names_endpoint(rules.order[at], choice.endpoint)) return at;
    return rules.order.size();
  };
  for (std::size_t at = 1; at < decision.choices.size(); ++at) {
    const Choice &before = decision.choices[at - 1], &after = decision.choices[at];
    RC_ASSERT(before.endpoint.rank <= after.endpoint.rank);
    if (before.endpoint.rank != after.endpoint.rank) continue;
    RC_ASSERT(place(before) <= place(after));
    if (place(before) == place(after) && policy == Policy::kCheapest && after.cost)
      RC_ASSERT(before.cost && *before.cost <= *after.cost);
  }
}

}  // namespace
}  // namespace zubr::router
