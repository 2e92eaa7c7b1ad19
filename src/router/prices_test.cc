#include "router/prices.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "router/endpoint.h"

namespace zubr::router {
namespace {

PicoDollars per_million(std::string_view text) { return *core::parse_dollars_per_million(text); }

TEST(Prices, AnAnswerCostsToThePicoDollar) {
  const Prices prices{
      .input = per_million("0.05"), .output = per_million("0.08"), .cached_input = per_million("0.025")};
  EXPECT_EQ(cost_of(prices, {.prompt_tokens = 1001, .cached_tokens = 500, .completion_tokens = 33}),
            PicoDollars{501 * 50'000 + 500 * 25'000 + 33 * 80'000});
}

TEST(Prices, UnknownStaysUnknownAndIsNotZero) {
  const Prices half{.input = per_million("1")};
  EXPECT_EQ(cost_of(half, {.prompt_tokens = 10, .completion_tokens = 1}), std::nullopt);
  EXPECT_EQ(cost_of(half, {.prompt_tokens = 10}), PicoDollars{10'000'000});
  EXPECT_EQ(cost_of({}, {.prompt_tokens = 1}), std::nullopt);
  EXPECT_EQ(cost_of(half, {.prompt_tokens = 9, .cache_write_tokens = 3}), std::nullopt);
  EXPECT_EQ(cost_of(free_of_charge(), {.prompt_tokens = 9, .completion_tokens = 9}), PicoDollars{0});
}

TEST(Prices, CachedTokensWithoutAPriceCostWhatOthersDo) {
  EXPECT_EQ(cost_of({.input = PicoDollars{7}}, {.prompt_tokens = 10, .cached_tokens = 10}), PicoDollars{70});
}

TEST(Prices, ALongPromptCostsMoreFromItsFirstToken) {
  const Prices prices{.input = PicoDollars{1},
                      .output = PicoDollars{10},
                      .tiers = {{.over_prompt_tokens = 200'000, .input = PicoDollars{2}, .output = PicoDollars{15}}}};
  EXPECT_EQ(cost_of(prices, {.prompt_tokens = 200'000, .completion_tokens = 1}), PicoDollars{200'010});
  EXPECT_EQ(cost_of(prices, {.prompt_tokens = 200'001, .completion_tokens = 1}), PicoDollars{400'017});
}

TEST(Prices, WhatIsTooLargeToCountIsUnknown) {
  EXPECT_EQ(cost_of({.input = PicoDollars{INT64_MAX}}, {.prompt_tokens = 2}), std::nullopt);
  EXPECT_EQ(cost_of({.input = PicoDollars{INT64_MAX}, .request = PicoDollars{1}}, {.prompt_tokens = 1}), std::nullopt);
}

RC_GTEST_PROP(PricesProperty, TheMostThatARequestCanCostIsNeverLessThanWhatItCosts, ()) {
  Endpoint endpoint;
  endpoint.prices.input = PicoDollars{*rc::gen::inRange(0, 100'000'000)};
  endpoint.prices.output = PicoDollars{*rc::gen::inRange(0, 100'000'000)};
  if (*rc::gen::arbitrary<bool>()) endpoint.prices.cache_write = PicoDollars{*rc::gen::inRange(0, 100'000'000)};
  const RequestShape shape{.prompt_bytes = *rc::gen::inRange(0, 100'000),
                           .messages = *rc::gen::inRange(0, 50),
                           .max_tokens = *rc::gen::inRange(0, 10'000)};
  const auto most = most_cost(endpoint, shape);
  RC_ASSERT(most.has_value());
  Consumption real{.prompt_tokens = *rc::gen::inRange<std::int64_t>(0, shape.most_prompt_tokens() + 1)};
  if (endpoint.prices.cache_write) real.cache_write_tokens = *rc::gen::inRange<std::int64_t>(0, real.prompt_tokens + 1);
  real.completion_tokens = *rc::gen::inRange<std::int64_t>(0, shape.max_tokens + 1);
  RC_ASSERT(*cost_of(endpoint.prices, real) <= *most);
}

}  // namespace
}  // namespace zubr::router
