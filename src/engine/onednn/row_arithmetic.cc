#include "engine/onednn/row_arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

// This file is compiled for the processor it runs on, as llama.cpp is: the loops are written so that GCC vectorises
// them.
namespace zubr::engine::onednn {
namespace {

// The bits of a magnitude order as integers do, and infinity and NaN come above every number.
std::uint32_t largest_magnitude(const float* values, std::size_t count) {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(values[i]) << 1 >> 1);
  return largest;
}

}  // namespace

void quantize_row(const float* row, std::size_t count, std::size_t group, std::int8_t* bytes, float* scales) {
  for (std::size_t at = 0; at < count; at += group, ++scales) {
    const std::size_t size = std::min(group, count - at);
    const auto largest = std::bit_cast<float>(largest_magnitude(row + at, size));
    *scales = largest / 127.0F;
    const float inverse = std::isfinite(largest) && largest > 0 ? 127.0F / largest : 0.0F;
    if (!std::isfinite(inverse)) *scales = 0;  // so small that it is nothing
    const bool ordinary = std::isfinite(inverse) && inverse > 0;
    const float factor = ordinary ? inverse : 0.0F;
    for (std::size_t i = 0; i < size; ++i) {
      // Adding and taking away 1.5 × 2^23 rounds to the nearest integer, ties to even.
      constexpr float kRound = 12582912.0F;
      const float scaled = ordinary ? row[at + i] * factor : 1.0F;
      bytes[at + i] = static_cast<std::int8_t>(static_cast<std::int32_t>((scaled + kRound) - kRound));
    }
  }
}

void make_unsigned(std::int8_t* bytes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::int8_t>(static_cast<unsigned>(bytes[i]) ^ 0x80U);
}

std::int32_t excess_of(const std::int8_t* bytes, std::size_t count) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += bytes[i];
  return 128 * sum;
}

void add_dequantized(const Dequantize& part) {
  for (std::size_t r = 0; r < part.rows; ++r) {
    const std::int32_t* __restrict sums = part.sums + r * part.sums_stride;
    const std::int32_t* __restrict excess = part.excess;
    const float* __restrict column_scales = part.column_scales;
    float* __restrict to = part.to + r * part.to_stride;
    const float scale = part.row_scales[r * part.row_scales_stride];
    if (part.first) {
      for (std::size_t c = 0; c < part.columns; ++c)
        to[c] = static_cast<float>(sums[c] - excess[c]) * (scale * column_scales[c]);
    } else {
      for (std::size_t c = 0; c < part.columns; ++c)
        to[c] += static_cast<float>(sums[c] - excess[c]) * (scale * column_scales[c]);
    }
  }
}

void to_bf16(const float* row, std::size_t count, std::uint16_t* halves) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(row[i]);
    const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
    const bool is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    halves[i] = static_cast<std::uint16_t>(is_nan ? (bits >> 16) | 0x40U : rounded);
  }
}

}  // namespace zubr::engine::onednn
