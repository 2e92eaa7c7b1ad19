#include "core/money.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::core {
namespace {

std::int64_t pico(std::string_view text) {
  const auto amount = parse_dollars(text);
  EXPECT_TRUE(amount) << text << ": " << amount.error().message();
  return amount ? amount->count : -1;
}

RC_GTEST_PROP(PicoDollars, SurviveBeingWrittenAndRead, ()) {
  const auto count = *rc::gen::inRange<std::int64_t>(0, 9'000'000'000'000'000);
  RC_ASSERT(parse_dollars(dollars_text({count})).value().count == count);
  RC_ASSERT(parse_dollars_per_million(display_per_million({count})).value().count == count);
}

RC_GTEST_PROP(PicoDollars, KeepTheOrderOfDecimalNumbers, ()) {
  const auto a = *rc::gen::inRange(0, 1'000'000);
  const auto b = *rc::gen::inRange(0, 1'000'000);
  const auto text = [](int n) { return fmt::format("0.{:06}", n); };
  RC_ASSERT((pico(text(a)) < pico(text(b))) == (a < b));
}

TEST(PicoDollars, ReadWhatPriceListsWrite) {
  EXPECT_EQ(pico("0.00000028"), 280'000);
  EXPECT_EQ(pico("1.4e-07"), 140'000);
  EXPECT_EQ(pico("1.4000000000000001e-07"), 140'000);
  EXPECT_EQ(pico("3E-6"), 3'000'000);
  EXPECT_EQ(pico("0"), 0);
  EXPECT_EQ(pico("0.0"), 0);
  EXPECT_EQ(pico("2"), 2'000'000'000'000);
  EXPECT_EQ(pico("0.0000000000005"), 1);
  EXPECT_EQ(pico("0.00000000000049"), 0);
  EXPECT_EQ(parse_dollars_per_million("0.15")->count, 150'000);
  EXPECT_EQ(display_per_million({150'000}), "0.15");
  EXPECT_EQ(display_per_million({3'000'000}), "3");
  EXPECT_EQ(dollars_text({280'000}), "0.00000028");
}

TEST(PicoDollars, RefuseWhatIsNoAmount) {
  for (const char* text : {"", ".", "x", "1,5", "-1", "-0.5", "1e", "1e999", "0x10", "nan", "inf", "1 ", "--1"})
    EXPECT_EQ(parse_dollars(text).error().code(), ErrorCode::kInvalidArgument) << text;
  for (const char* text : {"9223373", "1e30", "99999999999999999999"})
    EXPECT_EQ(parse_dollars(text).error().code(), ErrorCode::kTooLarge) << text;
}

}  // namespace
}  // namespace zubr::core
