// What the cells of a packed batch mean to attention: who sees whom, and how states are turned by their position.
// Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "train/packing.h"
#include "train/shape.h"

namespace zubr::train {

torch::Tensor as_tensor(const std::vector<std::int64_t>& values);
torch::Tensor as_tensor(const std::vector<std::int32_t>& values);

// 0 where row cell i may look at cell j, else a large negative number: [rows, 1, length, length]. `window`: positions
// back that are seen, the own one included; 0 = all.
torch::Tensor attention_mask(const Batch& batch, torch::Dtype type, std::int64_t window);

// Rotary positions (https://arxiv.org/abs/2104.09864) of a batch, with one base and scale.
class Rotation {
 public:
  Rotation(const Batch& batch, const LlamaShape& shape, double base, double scale);
  // [cells, heads * head_width], any float type → float32.
  torch::Tensor turn(const torch::Tensor& x, std::int64_t heads) const;

 private:
  torch::Tensor cosine_, sine_;  // [cells, 1, head_width / 2]
  torch::Tensor complex_;        // of interleaved pairs
  bool half_split_;
};

}  // namespace zubr::train
