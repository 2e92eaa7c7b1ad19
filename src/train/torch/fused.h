// Element-wise parts of the decoder with their gradients in one pass over memory each; on a CPU these passes, not the
// matrix products, are what small models wait for. Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

namespace zubr::train {

// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension; float32 in, `out` type out.
torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon, torch::Dtype out);

// silu(gate) * up, in their own type.
torch::Tensor gated(const torch::Tensor& gate, const torch::Tensor& up);

}  // namespace zubr::train
