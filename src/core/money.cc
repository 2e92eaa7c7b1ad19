#include "core/money.h"

#include <charconv>
#include <limits>

namespace zubr::core {
namespace {

constexpr int kDollarExponent = 12;  // 10^12 pico-dollars
constexpr int kMaxDigits = 40;

struct Decimal {
  std::string digits;  // without leading zeros
  int exponent = 0;    // of ten, for the last digit
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [+]digits[.digits][e[+-]digits]
bool parse_decimal(std::string_view text, Decimal& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  bool any = false, point = false;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (!out.digits.empty() || text[at] != '0') out.digits += text[at];
    if (point) --out.exponent;
  }
  if (!any || out.digits.size() > kMaxDigits) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  std::string_view exponent = text.substr(at + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
  if (error != std::errc() || end != exponent.data() + exponent.size() || value > 100 || value < -100) return false;
  out.exponent += value;
  return true;
}

Result<PicoDollars> parse_scaled(std::string_view text, int scale) {
  Decimal decimal;
  if (text.starts_with('-'))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no amount of money: it is below zero", text);
  if (!parse_decimal(text, decimal))
    return fail(ErrorCode::kInvalidArgument, "'{}' is no amount of money; an example: 0.25", text);
  int exponent = decimal.exponent + scale;
  std::string& digits = decimal.digits;
  bool up = false;
  if (exponent < 0) {
    const auto drop = static_cast<std::size_t>(-exponent);
    up = drop <= digits.size() && drop > 0 && digits[digits.size() - drop] >= '5';
    digits.resize(drop < digits.size() ? digits.size() - drop : 0);
    exponent = 0;
  }
  constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / 10 - 10;
  std::int64_t count = 0;
  for (const char digit : digits) {
    if (count > kLimit) return fail(ErrorCode::kTooLarge, "'{}' dollars are more than this program counts", text);
    count = count * 10 + (digit - '0');
  }
  for (; exponent > 0 && count > 0; --exponent) {
    if (count > kLimit) return fail(ErrorCode::kTooLarge, "'{}' dollars are more than this program counts", text);
    count *= 10;
  }
  return PicoDollars{count + (up ? 1 : 0)};
}

// `count` with the point `places` from the right, without trailing zeros.
std::string with_point(std::int64_t count, int places) {
  std::string text = fmt::format("{:0{}}", count, places + 1);
  text.insert(text.size() - static_cast<std::size_t>(places), ".");
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

Result<PicoDollars> parse_dollars(std::string_view text) { return parse_scaled(text, kDollarExponent); }
Result<PicoDollars> parse_dollars_per_million(std::string_view text) { return parse_scaled(text, kDollarExponent - 6); }

std::string display_per_million(PicoDollars per_token) { return with_point(per_token.count, kDollarExponent - 6); }
std::string dollars_text(PicoDollars amount) { return with_point(amount.count, kDollarExponent); }

}  // namespace zubr::core
