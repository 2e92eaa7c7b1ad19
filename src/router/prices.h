// What an answer costs: whole pico-dollars. A price that is not known is unknown, never zero. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/money.h"

namespace zubr::router {

using core::PicoDollars;

// Longer prompts may cost more a token: from the first prompt that has more than so many tokens, all of it.
struct PriceTier {
  std::int64_t over_prompt_tokens = 0;
  std::optional<PicoDollars> input = {}, output = {}, cached_input = {};
};

struct Prices {
  std::optional<PicoDollars> input = {};         // per token
  std::optional<PicoDollars> output = {};        // per token
  std::optional<PicoDollars> cached_input = {};  // per token; unknown: as input, which is the most it can be
  std::optional<PicoDollars> cache_write = {};   // per token
  PicoDollars request = {};                      // each
  std::vector<PriceTier> tiers = {};             // ascending
};

inline Prices free_of_charge() { return {.input = PicoDollars{0}, .output = PicoDollars{0}}; }

// Whatever it does costs nothing.
bool is_free(const Prices& prices);

struct Consumption {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;       // of them
  std::int64_t cache_write_tokens = 0;  // of them
  std::int64_t completion_tokens = 0;
};

// Unknown where a price that it needs is. Over nine million dollars it is unknown too.
std::optional<PicoDollars> cost_of(const Prices& prices, const Consumption& consumption);

}  // namespace zubr::router
