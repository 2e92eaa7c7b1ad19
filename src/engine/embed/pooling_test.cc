#include "engine/embed/pooling.h"

#include <gtest/gtest.h>

#include <cmath>

namespace zubr::engine {
namespace {

TEST(Pooling, TakesTheMeanOfItsVectors) {
  MeanPool pool;
  pool.add(std::vector<float>{1, 2});
  pool.add(std::vector<float>{3, 6});
  EXPECT_EQ(pool.count(), 2);
  EXPECT_EQ(pool.mean(), (std::vector<float>{2, 4}));
}

TEST(Pooling, NormalizesToLengthOne) {
  std::vector<float> vector{3, 4};
  normalize(vector);
  EXPECT_FLOAT_EQ(vector[0], 0.6f);
  EXPECT_FLOAT_EQ(vector[1], 0.8f);
}

TEST(Pooling, LeavesAVectorOfZerosAlone) {
  std::vector<float> vector{0, 0};
  normalize(vector);
  EXPECT_EQ(vector, (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace zubr::engine
