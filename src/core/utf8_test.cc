#include "core/utf8.h"

#include <gtest/gtest.h>

namespace zubr::core {
namespace {

TEST(Utf8, AcceptsWhatIsWellFormed) {
  for (const char* text : {"", "plain", "zażółć gęślą", "😀", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF"}) {
    EXPECT_TRUE(utf8_valid(text)) << text;
  }
  EXPECT_TRUE(utf8_valid(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesOverlongSurrogatesAndWhatIsTooLarge) {
  for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC5", "\xE2\x82", "\xF0\x9F\x98", "\xFF"}) {
    EXPECT_FALSE(utf8_valid(text));
    EXPECT_FALSE(utf8_valid(std::string("twelve bytes and ").append(text)));
  }
}

TEST(Utf8, SaysWhereItBreaks) {
  EXPECT_EQ(utf8_valid_prefix("zażó\xFFłć"), 6u);
  EXPECT_EQ(utf8_valid_prefix("0123456789\xE2\x82"), 10u);
}

// The examples of the Unicode Standard, 3.9, table 3-8 and the text around it.
TEST(Utf8, ReplacesEachMaximalBrokenPart) {
  EXPECT_EQ(utf8_replace("a\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  EXPECT_EQ(utf8_replace("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(utf8_replace("żubr"), "żubr");
  EXPECT_EQ(utf8_replace("\xE2\x82"), "\uFFFD");
}

TEST(Utf8, NeverCutsInsideACharacter) {
  EXPECT_EQ(utf8_truncate("aż😀", 1), "a");
  EXPECT_EQ(utf8_truncate("aż😀", 2), "a");
  EXPECT_EQ(utf8_truncate("aż😀", 3), "aż");
  EXPECT_EQ(utf8_truncate("aż😀", 6), "aż");
  EXPECT_EQ(utf8_truncate("aż😀", 7), "aż😀");
}

}  // namespace
}  // namespace zubr::core
