// Money as whole numbers. Prices of models are fractions of a cent per million tokens, so the unit is the pico-dollar,
// 10^-12 US dollars: 1 dollar per million tokens is 1,000,000 pico-dollars per token. Never a floating-point number.
//
// A plain value; pure functions.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::core {

struct PicoDollars {
  std::int64_t count = 0;
  auto operator<=>(const PicoDollars&) const = default;
};

// A decimal number of dollars, as JSON and price lists write it: "0.00000028", "1.4e-07", "3". Digits below a
// pico-dollar are rounded, half up. kInvalidArgument: no number, or below zero. kTooLarge: over nine million dollars.
Result<PicoDollars> parse_dollars(std::string_view text);
// The same, divided by 10^6: a price per million tokens as the price of one.
Result<PicoDollars> parse_dollars_per_million(std::string_view text);

// A price per token as dollars per million tokens, without trailing zeros: "0.15", "3", "0.0375".
std::string display_per_million(PicoDollars per_token);
// Dollars, exact: "0.00000028". parse_dollars() gives the same value back.
std::string dollars_text(PicoDollars amount);

}  // namespace zubr::core
