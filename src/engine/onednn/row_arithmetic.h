// What surrounds an int8 product: rows of floats to bytes with a scale for each group of columns, and the 32-bit sums
// of one group back to floats. Symmetric rounding: x ≈ scale × q, q in -127 … 127, scale = max|x| / 127.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zubr::engine::onednn {

// One row of `count` floats, in groups of `group` (the last may be shorter). `scales` gets one number a group; a group
// of zeros, or one with an infinity or NaN in it, has a scale that says so (0, infinity, NaN), so that it shows in the
// product as it would in float arithmetic.
void quantize_row(const float* row, std::size_t count, std::size_t group, std::int8_t* bytes, float* scales);

// Every byte plus 128, as an unsigned one.
void make_unsigned(std::int8_t* bytes, std::size_t count);

// 128 times the sum of the bytes: what make_unsigned() of one factor adds to a product with these.
std::int32_t excess_of(const std::int8_t* bytes, std::size_t count);

// to[r][c] = (first ? 0 : to[r][c]) + (sums[r][c] - excess[c]) × row_scales[r] × column_scales[c]; strides in elements.
struct Dequantize {
  const std::int32_t* sums;
  std::size_t sums_stride;
  const std::int32_t* excess;
  const float* row_scales;
  std::size_t row_scales_stride;
  const float* column_scales;
  float* to;
  std::size_t to_stride;
  std::size_t rows, columns;
  bool first;
};
void add_dequantized(const Dequantize& part);

// Rounds to the nearest bf16, ties to even; NaN stays NaN.
void to_bf16(const float* row, std::size_t count, std::uint16_t* halves);

}  // namespace zubr::engine::onednn
