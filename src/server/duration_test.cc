#include "server/duration.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::server {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsReadAsGoWritesIt) {
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(parse_duration("-1s"), milliseconds(-1'000));
  EXPECT_EQ(parse_duration("0.5s"), milliseconds(500));
  EXPECT_EQ(parse_duration("300ms"), milliseconds(300));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("1500µs"), milliseconds(2));
  EXPECT_EQ(parse_duration("+2h"), milliseconds(7'200'000));
  for (const char* bad : {"", "5", "m", "5 m", "1d", ".s", "1.2.3s", "-", "5m6"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(Duration, IsAHundredYearsAtMost) {
  EXPECT_EQ(parse_duration("99999999999999999999h"), seconds_duration(1e300));
  EXPECT_EQ(parse_duration("-99999999999999999999h"), seconds_duration(-1e300));
  EXPECT_EQ(seconds_duration(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

RC_GTEST_PROP(Duration, IsTheSumOfItsParts, ()) {
  const int hours = *rc::gen::inRange(0, 1'000), minutes = *rc::gen::inRange(0, 1'000),
            ms = *rc::gen::inRange(0, 100'000);
  const std::string text = std::to_string(hours) + "h" + std::to_string(minutes) + "m" + std::to_string(ms) + "ms";
  RC_ASSERT(parse_duration(text) == milliseconds((hours * 60LL + minutes) * 60'000 + ms));
}

RC_GTEST_PROP(Duration, SurvivesAnyBytes, (const std::string& bytes)) { (void)parse_duration(bytes); }

}  // namespace
}  // namespace zubr::server
