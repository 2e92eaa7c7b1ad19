// Gradient checkpointing (https://arxiv.org/abs/1604.06174): what a part of a model computed is not kept but computed
// again when its gradients are wanted. Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

#include <functional>

namespace zubr::train {

// work(x), of which only x is kept. `work` is called a second time in backward() and must do the same then: seed what
// it draws. The gradients of other tensors that it uses are added to their .grad, so it can only be differentiated
// with backward(), not with torch::autograd::grad().
torch::Tensor recompute(const torch::Tensor& x, const std::function<torch::Tensor(const torch::Tensor&)>& work);

}  // namespace zubr::train
