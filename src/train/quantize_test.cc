#include "train/quantize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace zubr::train {
namespace {

using formats::GgufType;

// The compiler's own half precision is the reference.
float reference_half(std::uint16_t bits) {
  _Float16 value;
  std::memcpy(&value, &bits, sizeof value);
  return static_cast<float>(value);
}

TEST(Quantize, ReadsEveryHalf) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float got = from_half(half), want = reference_half(half);
    if (std::isnan(want))
      EXPECT_TRUE(std::isnan(got)) << bits;
    else
      EXPECT_EQ(got, want) << bits;
  }
}

TEST(Quantize, RoundsToHalfAsTheCompilerDoes) {
  std::mt19937 random(5);
  for (int i = 0; i < 200000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value)) continue;
    const auto want = static_cast<_Float16>(value);
    std::uint16_t want_bits;
    std::memcpy(&want_bits, &want, sizeof want_bits);
    ASSERT_EQ(to_half(value), want_bits) << value;
  }
}

TEST(Quantize, EightBitsAreWithinHalfAStepOfTheBlocksScale) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.0F, 3.0F);
  std::vector<float> values(32 * 50), back(values.size());
  for (float& v : values) v = normal(random);
  std::fill(values.begin(), values.begin() + 32, 0.0F);  // a block of zeros has no scale
  const std::string bytes = encode_tensor(values, GgufType::kQ8_0);
  ASSERT_EQ(bytes.size(), 34u * 50);
  ASSERT_EQ(encoded_bytes(8, values.size()), bytes.size());
  ASSERT_TRUE(decode_tensor(bytes, 8, back));
  for (std::size_t block = 0; block < 50; ++block) {
    float largest = 0;
    for (std::size_t i = 0; i < 32; ++i) largest = std::max(largest, std::abs(values[block * 32 + i]));
    // Half a step, and what rounding the scale to half precision moves the largest value by.
    const float bound = largest / 127 * 0.5F + largest / 1024;
    for (std::size_t i = 0; i < 32; ++i) EXPECT_NEAR(back[block * 32 + i], values[block * 32 + i], bound);
  }
}

TEST(Quantize, OtherTypesAndSizesAreRefused) {
  std::vector<float> values(32);
  EXPECT_FALSE(decode_tensor(std::string(34, ' '), 2, values));
  EXPECT_FALSE(decode_tensor(std::string(33, ' '), 8, values));
  EXPECT_EQ(encoded_bytes(99, 32), 0u);
  const std::string plain = encode_tensor(values, GgufType::kF32);
  EXPECT_TRUE(decode_tensor(plain, 0, values));
}

}  // namespace
}  // namespace zubr::train
