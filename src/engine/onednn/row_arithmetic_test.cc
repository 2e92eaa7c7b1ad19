#include "engine/onednn/row_arithmetic.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace zubr::engine::onednn {
namespace {

std::vector<float> random_row(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> row(size);
  for (float& value : row) value = normal(random);
  return row;
}

RC_GTEST_PROP(RowArithmetic, ByteIsNoFurtherThanHalfAStep, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(1, 700);
  const auto group = *rc::gen::inRange<std::size_t>(1, 300);
  std::vector<float> row = random_row(size, *rc::gen::arbitrary<unsigned>());
  const int power = *rc::gen::inRange(-20, 20);
  for (float& value : row) value = std::ldexp(value, power);
  std::vector<std::int8_t> bytes(size);
  std::vector<float> scales((size + group - 1) / group);
  quantize_row(row.data(), size, group, bytes.data(), scales.data());
  for (std::size_t i = 0; i < size; ++i) {
    const float scale = scales[i / group];
    RC_ASSERT(std::abs(row[i] - scale * static_cast<float>(bytes[i])) <= scale * 0.50001F);
  }
}

TEST(RowArithmetic, ZeroesStayZeroes) {
  const std::vector<float> row(70, 0.0F);
  std::vector<std::int8_t> bytes(70);
  std::vector<float> scales(2, 1.0F);
  quantize_row(row.data(), row.size(), 64, bytes.data(), scales.data());
  EXPECT_EQ(scales, std::vector<float>(2, 0.0F));
}

TEST(RowArithmetic, NumbersThatAreNoneShowInTheScale) {
  for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> row = random_row(64, 1);
    row[13] = bad;
    std::vector<std::int8_t> bytes(64);
    float scale = 0;
    quantize_row(row.data(), row.size(), 64, bytes.data(), &scale);
    EXPECT_FALSE(std::isfinite(scale)) << bad;
  }
}

TEST(RowArithmetic, SumsOfGroupsAddUp) {
  const std::vector<std::int32_t> sums{1, -1, 5, 100, 201, 302}, excess{0, 1, 2};
  const std::vector<float> rows{0.5F, 9, 2.0F, 9}, columns{1, 10, 100};
  std::vector<float> to(8, 7.0F);
  Dequantize part{.sums = sums.data(),
                  .sums_stride = 3,
                  .excess = excess.data(),
                  .row_scales = rows.data(),
                  .row_scales_stride = 2,
                  .column_scales = columns.data(),
                  .to = to.data(),
                  .to_stride = 4,
                  .rows = 2,
                  .columns = 3,
                  .first = true};
  add_dequantized(part);
  EXPECT_EQ(to, (std::vector<float>{0.5F, -10, 150, 7, 200, 4000, 60000, 7}));
  part.first = false;
  add_dequantized(part);
  EXPECT_EQ(to, (std::vector<float>{1, -20, 300, 7, 400, 8000, 120000, 7}));
}

TEST(RowArithmetic, ExcessIsWhatUnsignedBytesAdd) {
  std::vector<std::int8_t> input{-127, 0, 127, 5}, weights{3, -127, 127, 0};
  std::int32_t product = 0, unsigned_product = 0;
  for (std::size_t i = 0; i < input.size(); ++i) product += input[i] * weights[i];
  make_unsigned(input.data(), input.size());
  for (std::size_t i = 0; i < input.size(); ++i)
    unsigned_product += static_cast<std::uint8_t>(input[i]) * static_cast<std::int32_t>(weights[i]);
  EXPECT_EQ(unsigned_product - excess_of(weights.data(), weights.size()), product);
}

TEST(RowArithmetic, HalvesAreTheNearest) {
  const auto half_of = [](float value) {
    std::uint16_t half = 0;
    to_bf16(&value, 1, &half);
    return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
  };
  EXPECT_EQ(half_of(1.0F), 1.0F);
  EXPECT_EQ(half_of(1.0F + 0x1p-8F), 1.0F);            // a tie goes to the even one
  EXPECT_EQ(half_of(1.0F + 0x3p-8F), 1.0F + 0x4p-8F);  // this one upwards
  EXPECT_EQ(half_of(1.0F + 0x1.2p-8F), 1.0F + 0x2p-8F);
  EXPECT_EQ(half_of(-0.0F), 0.0F);
  EXPECT_EQ(half_of(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(half_of(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace zubr::engine::onednn
