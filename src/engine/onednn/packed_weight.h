// The weights of one matrix in the layout that oneDNN multiplies fastest, made from any type that ggml can turn into
// floats.
//
// int8: groups of kGroup inner numbers, each column of a group with its own scale, as each row of the activations has:
// an outlier spoils the precision of its group only. The sums of a group are exact, and groups are added in one order,
// so a row's product is the same bits whatever rows are beside it.
// bf16: both factors rounded to bf16, sums in float.
//
// Threads: immutable after make(); multiply() uses an OpenMP team of its own and may be called by several threads.
// Memory: bytes() beside the original: about 1 byte a weight (int8) or 2 (bf16).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/onednn/precision.h"

namespace zubr::engine::onednn {

inline constexpr std::int64_t kGroup = 512;

// Rows of activations, made ready once for all the matrices that they meet (q, k and v; gate and up).
class Activations {
 public:
  // `rows` rows of `inner` floats, `stride` floats apart.
  void prepare(Precision precision, const float* from, std::int64_t rows, std::int64_t inner, std::size_t stride,
               int threads);
  std::int64_t rows() const { return rows_; }
  std::int64_t inner() const { return inner_; }

 private:
  friend class PackedWeight;
  std::int64_t rows_ = 0, inner_ = 0, groups_ = 0;
  std::vector<std::int8_t> bytes_;     // int8: a group after the other, each rows × its numbers, unsigned
  std::vector<float> scales_;          // int8: rows × groups
  std::vector<std::uint16_t> halves_;  // bf16: rows × inner
};

class PackedWeight {
 public:
  // Writes column `column` (0 … columns-1) of the matrix as `inner` floats.
  using ReadColumn = std::function<void(std::int64_t column, float* to)>;

  // Throws std::bad_alloc or dnnl::error. `threads` pack, and the work is later cut for so many.
  static std::unique_ptr<const PackedWeight> make(Precision precision, std::int64_t inner, std::int64_t columns,
                                                  const ReadColumn& read, int threads);
  // oneDNN has fast kernels for such a matrix on this processor.
  static bool is_fast(Precision precision, std::int64_t inner, std::int64_t columns);

  // to[row][column], `stride` floats from row to row.
  void multiply(const Activations& activations, float* to, std::size_t stride, int threads) const;

  std::size_t bytes() const { return bytes_ + scales_.size() * (sizeof(float) + sizeof(std::int32_t)); }
  Precision precision() const { return precision_; }

 private:
  PackedWeight(Precision precision, std::int64_t inner, std::int64_t columns, int threads);
  struct Piece {  // a block of columns, a group of inner numbers
    std::int64_t column, columns, first, inner;
    std::size_t at;  // in memory_
  };
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };
  const Piece& piece(std::int64_t block, std::int64_t group) const {
    return pieces_[static_cast<std::size_t>(block * groups_ + group)];
  }
  void pack_block(std::int64_t block, const ReadColumn& read);
  void multiply_int8(const Activations& activations, float* to, std::size_t stride, std::int64_t block) const;
  void multiply_bf16(const Activations& activations, float* to, std::size_t stride, std::int64_t block) const;

  Precision precision_;
  std::int64_t inner_, columns_, group_, groups_, block_, blocks_;
  std::vector<Piece> pieces_;  // blocks × groups
  std::unique_ptr<std::byte[], Free> memory_;
  std::size_t bytes_ = 0;
  std::vector<float> scales_;         // int8: groups × columns
  std::vector<std::int32_t> excess_;  // of the unsigned activations: groups × columns
};

}  // namespace zubr::engine::onednn
