#include "catalog/answers/search_arguments.h"

#include <gtest/gtest.h>

namespace zubr::catalog {
namespace {

TEST(ParameterRange, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(parse_parameter_range("7b..13b", "--params")->min, 7'000'000'000);
  EXPECT_EQ(parse_parameter_range("..1.5B", "--params")->max, 1'500'000'000);
  EXPECT_EQ(parse_parameter_range("70b..", "--params")->max, std::nullopt);
  EXPECT_EQ(parse_parameter_range("8b", "--params")->min, 7'200'000'000);
  for (const char* broken : {"", "..", "b", "7b..x", "-1b", "7b-13b", "nan"})
    EXPECT_FALSE(parse_parameter_range(broken, "--params"));
}

TEST(Tokens, AreReadAsPeopleWriteThem) {
  EXPECT_EQ(parse_tokens("128k", "--context").value(), 131'072);
  EXPECT_EQ(parse_tokens("1m", "--context").value(), 1'000'000);
  EXPECT_EQ(parse_tokens("32768", "--context").value(), 32'768);
  EXPECT_FALSE(parse_tokens("0", "--context"));
}

}  // namespace
}  // namespace zubr::catalog
