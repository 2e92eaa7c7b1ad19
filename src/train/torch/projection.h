// A matrix of the decoder with what may be added to it: a bias, a low-rank adapter (LoRA,
// https://arxiv.org/abs/2106.09685). Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

namespace zubr::train {

struct Projection {
  torch::Tensor weight;  // [out, in]
  torch::Tensor bias;    // [out]; undefined = none
  torch::Tensor a, b;    // [rank, in] and [out, rank], float32; undefined = no adapter
  double scale = 0;      // of the adapter
  double dropout = 0;    // of the adapter's input while training

  std::int64_t inputs() const { return weight.size(1); }
  std::int64_t outputs() const { return weight.size(0); }
};

// x W' + bias + scale * dropout(x) A' B', in `compute`.
torch::Tensor project(const torch::Tensor& x, const Projection& p, torch::Dtype compute, bool training);

}  // namespace zubr::train
