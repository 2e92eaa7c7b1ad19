#include "router/prices.h"

namespace zubr::router {
namespace {

// Adds count · price; false where the price is not known or the sum is too large to count.
bool add(std::int64_t& sum, std::int64_t count, const std::optional<PicoDollars>& price) {
  if (count <= 0) return true;
  std::int64_t product = 0;
  return price && !__builtin_mul_overflow(count, price->count, &product) && !__builtin_add_overflow(sum, product, &sum);
}

}  // namespace

bool is_free(const Prices& prices) {
  constexpr PicoDollars kNothing{0};
  const bool writes_free = !prices.cache_write || *prices.cache_write == kNothing;
  return prices.input == kNothing && prices.output == kNothing && prices.request == kNothing && writes_free &&
         prices.tiers.empty();
}

std::optional<PicoDollars> cost_of(const Prices& prices, const Consumption& consumption) {
  auto input = prices.input, output = prices.output, cached = prices.cached_input;
  for (const PriceTier& tier : prices.tiers) {
    if (consumption.prompt_tokens <= tier.over_prompt_tokens) continue;
    if (tier.input) input = tier.input;
    if (tier.output) output = tier.output;
    if (tier.cached_input) cached = tier.cached_input;
  }
  if (!cached) cached = input;
  const std::int64_t fresh = consumption.prompt_tokens - consumption.cached_tokens - consumption.cache_write_tokens;
  std::int64_t sum = prices.request.count;
  const bool known = add(sum, fresh, input) && add(sum, consumption.cached_tokens, cached) &&
                     add(sum, consumption.cache_write_tokens, prices.cache_write) &&
                     add(sum, consumption.completion_tokens, output);
  if (!known) return std::nullopt;
  return PicoDollars{sum};
}

}  // namespace zubr::router
