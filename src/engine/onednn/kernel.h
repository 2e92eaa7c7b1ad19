// A matrix product of a fixed shape, done by oneDNN: [rows × inner] times [inner × columns], unsigned bytes times bytes
// to 32-bit sums, or bf16 to float. The second matrix is packed once into the layout that oneDNN likes best on this
// processor.
//
// Threads: kernels are shared and immutable; run() may be called by any number of threads at once and uses one.
// Failure: make_kernel() and pack() throw dnnl::error; nobody outside this folder sees it (backend.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <dnnl.hpp>
#include <memory>
#include <string>

#include "engine/onednn/precision.h"

namespace zubr::engine::onednn {

struct KernelShape {
  Precision precision;
  std::int64_t rows, inner, columns;
  auto operator<=>(const KernelShape&) const = default;
};

class Kernel {
 public:
  explicit Kernel(const KernelShape& shape);

  // One thread's: `in` rows × inner (dense), `packed` as pack() left it, `out` rows × columns of int32 or float.
  void run(const void* in, const void* packed, void* out) const;

  // As oneDNN calls it: "brg:avx512_core_vnni".
  std::string implementation() const { return description_.impl_info_str(); }
  bool is_reference() const;  // oneDNN has no fast product of this shape here

 private:
  KernelShape shape_;
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul primitive_;
};

// The same kernel for the same shape, made once.
const Kernel& kernel_of(const KernelShape& shape);

// The layout of the second matrix, which does not depend on the rows of the first.
class PackedLayout {
 public:
  PackedLayout(Precision precision, std::int64_t inner, std::int64_t columns);
  std::size_t bytes() const { return description_.get_size(); }
  // `plain` is columns × inner, each column's numbers in a row: int8 or bf16.
  void pack(const void* plain, void* packed) const;
  const dnnl::memory::desc& description() const { return description_; }

 private:
  Precision precision_;
  std::int64_t inner_, columns_;
  dnnl::memory::desc description_;
};
const PackedLayout& layout_of(Precision precision, std::int64_t inner, std::int64_t columns);

}  // namespace zubr::engine::onednn
