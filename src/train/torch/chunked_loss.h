// Cross-entropy over a large vocabulary without keeping the logits: a chunk of targets at a time, gradients made on the
// way (after Liger, https://arxiv.org/abs/2410.10989). Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

namespace zubr::train {

// sum of weight[i] * -log softmax(cap(states[i] W'))[target[i]], float32. `states`: [targets, width]; `output`:
// [vocabulary, width]; `target`: int64; `weight`: float32; `cap`: logits are cap * tanh(logit / cap), 0 = as they are.
// Gradients flow to states, and to output where it wants them.
torch::Tensor chunked_loss(const torch::Tensor& states, const torch::Tensor& output, const torch::Tensor& target,
                           const torch::Tensor& weight, double cap, torch::Dtype compute, std::int64_t chunk = 512);

}  // namespace zubr::train
