// In what numbers a product is computed.
#pragma once

namespace zubr::engine::onednn {

enum class Precision {
  kInt8,  // bytes times bytes in exact 32-bit sums, a scale for each row or column and group of inner numbers
  kBf16,  // bf16 times bf16 in float sums
};

}  // namespace zubr::engine::onednn
