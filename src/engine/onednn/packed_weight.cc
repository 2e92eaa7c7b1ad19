#include "engine/onednn/packed_weight.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

#include "engine/onednn/kernel.h"
#include "engine/onednn/row_arithmetic.h"

namespace zubr::engine::onednn {
namespace {

constexpr std::int64_t kMostColumns = 1024;  // a block's sums and floats stay in the second-level cache
constexpr std::int64_t kColumnStep = 64;
constexpr std::int64_t kMostRows = 64;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// As few blocks as fit the cache, but as many as the threads need to have the same share.
std::int64_t block_columns(std::int64_t columns, int threads) {
  const std::int64_t blocks = divide_up(divide_up(columns, kMostColumns), threads) * threads;
  return divide_up(divide_up(columns, blocks), kColumnStep) * kColumnStep;
}

// An exception cannot leave an OpenMP team: the first one is thrown afterwards.
template <typename Work>
void for_each_in_team(std::int64_t count, int threads, const Work& work) {
  std::exception_ptr thrown;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t i = 0; i < count; ++i) {
    omp_set_num_threads(1);  // for what this task calls: a kernel is one thread's work
    try {
      work(i);
    } catch (...) {
#pragma omp critical
      thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

void Activations::prepare(Precision precision, const float* from, std::int64_t rows, std::int64_t inner,
                          std::size_t stride, int threads) {
  rows_ = rows;
  inner_ = inner;
  const auto row_size = static_cast<std::size_t>(inner);
  const auto count = static_cast<std::size_t>(rows) * row_size;
  if (precision == Precision::kBf16) {
    if (halves_.size() < count) halves_.resize(count);
    for_each_in_team(rows, threads, [&](std::int64_t row) {
      const auto r = static_cast<std::size_t>(row);
      to_bf16(from + r * stride, row_size, halves_.data() + r * row_size);
    });
    return;
  }
  groups_ = divide_up(inner, kGroup);
  const auto groups = static_cast<std::size_t>(groups_);
  if (bytes_.size() < count) bytes_.resize(count);
  if (scales_.size() < static_cast<std::size_t>(rows) * groups) scales_.resize(static_cast<std::size_t>(rows) * groups);
  for_each_in_team(rows, threads, [&](std::int64_t row) {
    const auto r = static_cast<std::size_t>(row);
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t first = g * kGroup, size = std::min<std::size_t>(kGroup, row_size - first);
      std::int8_t* to = bytes_.data() + first * static_cast<std::size_t>(rows) + r * size;
      quantize_row(from + r * stride + first, size, size, to, &scales_[r * groups + g]);
      make_unsigned(to, size);
    }
  });
}

PackedWeight::PackedWeight(Precision precision, std::int64_t inner, std::int64_t columns, int threads)
    : precision_(precision),
      inner_(inner),
      columns_(columns),
      group_(precision == Precision::kInt8 ? std::min(kGroup, inner) : inner),
      groups_(divide_up(inner, group_)),
      block_(block_columns(columns, threads)),
      blocks_(divide_up(columns, block_)) {
  for (std::int64_t block = 0; block < blocks_; ++block) {
    for (std::int64_t group = 0; group < groups_; ++group) {
      Piece piece{.column = block * block_,
                  .columns = std::min(block_, columns - block * block_),
                  .first = group * group_,
                  .inner = std::min(group_, inner - group * group_),
                  .at = bytes_};
      bytes_ += (layout_of(precision, piece.inner, piece.columns).bytes() + 63) / 64 * 64;
      pieces_.push_back(piece);
    }
  }
  memory_.reset(static_cast<std::byte*>(::operator new[](bytes_, std::align_val_t{64})));
  if (precision == Precision::kInt8) {
    scales_.resize(static_cast<std::size_t>(groups_ * columns));
    excess_.resize(scales_.size());
  }
}

std::unique_ptr<const PackedWeight> PackedWeight::make(Precision precision, std::int64_t inner, std::int64_t columns,
                                                       const ReadColumn& read, int threads) {
  std::unique_ptr<PackedWeight> weight(new PackedWeight(precision, inner, columns, threads));
  for_each_in_team(weight->blocks_, threads, [&](std::int64_t block) { weight->pack_block(block, read); });
  return weight;
}

void PackedWeight::pack_block(std::int64_t block, const ReadColumn& read) {
  const Piece& begin = piece(block, 0);
  const auto inner = static_cast<std::size_t>(inner_), columns = static_cast<std::size_t>(begin.columns);
  std::vector<float> row(inner), scales(static_cast<std::size_t>(groups_));
  std::vector<std::int8_t> bytes;
  std::vector<std::uint16_t> halves;
  if (precision_ == Precision::kInt8) bytes.resize(inner * columns);
  if (precision_ == Precision::kBf16) halves.resize(inner * columns);
  for (std::size_t c = 0; c < columns; ++c) {
    read(begin.column + static_cast<std::int64_t>(c), row.data());
    if (precision_ == Precision::kBf16) {
      to_bf16(row.data(), inner, halves.data() + c * inner);
      continue;
    }
    for (std::int64_t g = 0; g < groups_; ++g) {
      const Piece& part = piece(block, g);
      const auto first = static_cast<std::size_t>(part.first), size = static_cast<std::size_t>(part.inner);
      const std::size_t place = static_cast<std::size_t>(g * columns_ + begin.column) + c;
      std::int8_t* to = bytes.data() + first * columns + c * size;
      quantize_row(row.data() + first, size, size, to, &scales_[place]);
      excess_[place] = excess_of(to, size);
    }
  }
  for (std::int64_t g = 0; g < groups_; ++g) {
    const Piece& part = piece(block, g);
    const void* plain = precision_ == Precision::kBf16 ? static_cast<const void*>(halves.data())
                                                       : bytes.data() + static_cast<std::size_t>(part.first) * columns;
    layout_of(precision_, part.inner, part.columns).pack(plain, memory_.get() + part.at);
  }
}

bool PackedWeight::is_fast(Precision precision, std::int64_t inner, std::int64_t columns) {
  const std::int64_t group = precision == Precision::kInt8 ? std::min(kGroup, inner) : inner;
  const std::int64_t block = std::min(kMostColumns, columns);
  return !kernel_of({precision, kMostRows, group, block}).is_reference();
}

void PackedWeight::multiply(const Activations& activations, float* to, std::size_t stride, int threads) const {
  for_each_in_team(blocks_, threads, [&](std::int64_t block) {
    if (precision_ == Precision::kInt8) {
      multiply_int8(activations, to, stride, block);
    } else {
      multiply_bf16(activations, to, stride, block);
    }
  });
}

void PackedWeight::multiply_int8(const Activations& activations, float* to, std::size_t stride,
                                 std::int64_t block) const {
  static thread_local std::vector<std::int32_t> sums;
  const auto columns = static_cast<std::size_t>(piece(block, 0).columns);
  if (sums.size() < columns * kMostRows) sums.resize(columns * kMostRows);
  for (std::int64_t row = 0; row < activations.rows_; row += kMostRows) {
    const std::int64_t rows = std::min(kMostRows, activations.rows_ - row);
    for (std::int64_t g = 0; g < groups_; ++g) {
      const Piece& part = piece(block, g);
      const Kernel& kernel = kernel_of({precision_, rows, part.inner, part.columns});
      kernel.run(activations.bytes_.data() + part.first * activations.rows_ + row * part.inner, memory_.get() + part.at,
                 sums.data());
      add_dequantized({.sums = sums.data(),
                       .sums_stride = columns,
                       .excess = excess_.data() + g * columns_ + part.column,
                       .row_scales = activations.scales_.data() + row * groups_ + g,
                       .row_scales_stride = static_cast<std::size_t>(groups_),
                       .column_scales = scales_.data() + g * columns_ + part.column,
                       .to = to + static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(part.column),
                       .to_stride = stride,
                       .rows = static_cast<std::size_t>(rows),
                       .columns = columns,
                       .first = g == 0});
    }
  }
}

void PackedWeight::multiply_bf16(const Activations& activations, float* to, std::size_t stride,
                                 std::int64_t block) const {
  static thread_local std::vector<float> products;
  const Piece& part = piece(block, 0);
  const auto columns = static_cast<std::size_t>(part.columns);
  if (products.size() < columns * kMostRows) products.resize(columns * kMostRows);
  for (std::int64_t row = 0; row < activations.rows_; row += kMostRows) {
    const std::int64_t rows = std::min(kMostRows, activations.rows_ - row);
    const Kernel& kernel = kernel_of({precision_, rows, part.inner, part.columns});
    kernel.run(activations.halves_.data() + row * inner_, memory_.get() + part.at, products.data());
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r)
      std::memcpy(to + (static_cast<std::size_t>(row) + r) * stride + static_cast<std::size_t>(part.column),
                  products.data() + r * columns, columns * sizeof(float));
  }
}

}  // namespace zubr::engine::onednn
