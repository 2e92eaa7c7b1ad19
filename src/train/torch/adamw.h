// AdamW with decoupled weight decay (https://arxiv.org/abs/1711.05101), one pass over memory per weight tensor.
// Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace zubr::train {

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.98, epsilon = 1e-8, weight_decay = 0.1;
};

class AdamW {
 public:
  // Tensors of one dimension (norms) are not decayed. `rates`: a factor on the learning rate for each parameter; those
  // with a factor other than 1 (embeddings) are not decayed either.
  AdamW(std::vector<torch::Tensor> parameters, std::vector<double> rates, AdamOptions options);

  // Scales all gradients so that their norm is at most `limit`; returns the norm before.
  double clip(double limit);
  // Applies the gradients and sets them to zero. `step` counts from 0.
  void step(std::int64_t step, double learning_rate);

  // First and second moments, in the order of the parameters; for checkpoints.
  std::vector<torch::Tensor>& first() { return first_; }
  std::vector<torch::Tensor>& second() { return second_; }

 private:
  std::vector<torch::Tensor> parameters_, first_, second_;
  std::vector<double> rates_;
  AdamOptions options_;
};

}  // namespace zubr::train
