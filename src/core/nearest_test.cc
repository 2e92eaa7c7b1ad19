#include "core/nearest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace zubr::core {
namespace {

const std::vector<std::string> kWords{"classify", "run", "embed", "serve", "models"};

TEST(Nearest, FindsTheWordBehindASlip) {
  EXPECT_EQ(nearest("clasify", kWords), "classify");
  EXPECT_EQ(nearest("calssify", kWords), "classify");
  EXPECT_EQ(nearest("rum", kWords), "run");
  EXPECT_EQ(nearest("model", kWords), "models");
}

TEST(Nearest, SuggestsNothingForAStrangeWord) {
  EXPECT_EQ(nearest("xylophone", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest("run", {}), std::nullopt);
}

TEST(EditDistance, CountsASwapOfNeighboursOnce) {
  EXPECT_EQ(edit_distance("form", "from"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

RC_GTEST_PROP(EditDistance, IsSymmetricAndZeroOnlyForEqualWords, (const std::string& a, const std::string& b)) {
  RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
  RC_ASSERT((edit_distance(a, b) == 0) == (a == b));
}

}  // namespace
}  // namespace zubr::core
