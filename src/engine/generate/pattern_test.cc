#include "engine/generate/pattern.h"

#include <gtest/gtest.h>

#include <chrono>

namespace zubr::engine {
namespace {

bool accepted(std::string_view pattern) { return normalise_pattern(pattern).has_value(); }

TEST(Pattern, WritesCharactersAsClasses) {
  EXPECT_EQ(*normalise_pattern("^ab$"), "^[\\x61][\\x62]$");
  EXPECT_EQ(*normalise_pattern("^[a-c]+$"), "^[\\x61-\\x63]+$");
  EXPECT_EQ(*normalise_pattern("^\\d{2}$"), "^[\\x30-\\x39]{2,2}$");
  EXPECT_EQ(*normalise_pattern("^(?:a|ż)?$"), "^([\\x61]|[ż])?$");
}

TEST(Pattern, NeverLetsQuotesBackslashesOrControlCharactersThrough) {
  for (const char* pattern : {"^.$", "^[^a]$"}) {
    const auto normal = normalise_pattern(pattern);
    ASSERT_TRUE(normal) << pattern;
    // 0x20-0x21 and 0x23-0x5B: the quote and the backslash lie between.
    EXPECT_NE(normal->find("\\x20-\\x21\\x23-\\x5B\\x5D"), std::string::npos) << *normal;
  }
  EXPECT_FALSE(accepted("^\"$"));
  EXPECT_FALSE(accepted("^\\\\$"));
  EXPECT_FALSE(accepted("^[!-~]$"));
  EXPECT_FALSE(accepted("^\n$"));
}

TEST(Pattern, AcceptsWhatPeopleWrite) {
  for (const char* pattern : {"^[A-Z]{2}-\\d{4}$", "^[a-z]+(-[a-z]+)*$", "^\\d{1,3}-?\\d{3}-?\\d{4}$",
                              "^(\\+48)?\\d{9}$", "^(\\w+ )*\\w+$", "^[\\w.-]+@[\\w.-]+\\.[a-z]{2,}$",
                              "^(yes|no|maybe)$", "^#[0-9a-fA-F]{6}$", "^ul\\. [A-ZŁŚŻ][a-ząćęłńóśźż]+ \\d+$"}) {
    const auto normal = normalise_pattern(pattern);
    EXPECT_TRUE(normal) << pattern << ": " << (normal ? "" : normal.error().message());
  }
}

TEST(Pattern, RefusesRepetitionsThatMatchTheSameTextInManyWays) {
  for (const char* pattern : {"^(a+)+$", "^(a*)*$", "^(a|a)*$", "^(a|ab|b)*$", "^(a?){100}$", "^a*a*a*a*a*a*$",
                              "^(x+x+)+y$", "^([a-z]|[m-p])+$", "^((a|b)+c?)+$"}) {
    EXPECT_FALSE(accepted(pattern)) << pattern;
  }
}

TEST(Pattern, RefusesWhatItCannotHonour) {
  for (const char* pattern : {"abc",    "^abc",  "abc$",     "^abc\\$",  "^$",     "^(?=a)b$", "^(?<n>a)$", "^\\bword$",
                              "^a\\1$", "^a*?$", "^a{3,1}$", "^a{501}$", "^a{0}$", "^a{$",     "^*$",       "^(a$",
                              "^a)$",   "^[a$",  "^[]$",     "^[z-a]$",  "^a^b$",  "^(|a)$",   "^\\$",      "^a\\"}) {
    EXPECT_FALSE(accepted(pattern)) << pattern;
  }
}

TEST(Pattern, RefusesHostileOnesFast) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(accepted("^" + std::string(100000, '(') + "$"));
  EXPECT_FALSE(accepted("^" + std::string(400, '(') + "$"));
  EXPECT_FALSE(accepted("^" + std::string(400, 'a') + "$"));
  std::string optional;
  for (int i = 0; i < 200; ++i) optional += "a?";
  EXPECT_FALSE(accepted("^" + optional + "$"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
}  // namespace zubr::engine
