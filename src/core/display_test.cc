#include "core/display.h"

#include <gtest/gtest.h>

#include <limits>

namespace zubr::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Display, GroupsDigitsByThrees) {
  EXPECT_EQ(display_count(0), "0");
  EXPECT_EQ(display_count(999), "999");
  EXPECT_EQ(display_count(1000), "1,000");
  EXPECT_EQ(display_count(-1234567), "-1,234,567");
  EXPECT_EQ(display_count(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
}

TEST(Display, RoundsADurationToWhatMatters) {
  EXPECT_EQ(display_duration(milliseconds(420)), "0.4 s");
  EXPECT_EQ(display_duration(milliseconds(9960)), "10 s");
  EXPECT_EQ(display_duration(milliseconds(59700)), "1 min 00 s");
  EXPECT_EQ(display_duration(seconds(185)), "3 min 05 s");
  EXPECT_EQ(display_duration(seconds(7620)), "2 h 07 min");
  EXPECT_EQ(display_duration(seconds(86400 * 4 + 7200)), "4 d 02 h");
  EXPECT_EQ(display_duration(seconds(-1)), "0.0 s");
}

TEST(Display, ShowsBytesInBinaryUnits) {
  EXPECT_EQ(display_bytes(512), "512 B");
  EXPECT_EQ(display_bytes(1536), "1.5 KiB");
  EXPECT_EQ(display_bytes((1ull << 20) - 1), "1.0 MiB");
  EXPECT_EQ(display_bytes(3ull << 30), "3.0 GiB");
}

TEST(Display, KeepsThreeDigitsOfARate) {
  EXPECT_EQ(display_rate(0.421), "0.42");
  EXPECT_EQ(display_rate(8.13), "8.1");
  EXPECT_EQ(display_rate(1203.7), "1,204");
  EXPECT_EQ(display_rate(std::numeric_limits<double>::infinity()), "0");
}

}  // namespace
}  // namespace zubr::core
