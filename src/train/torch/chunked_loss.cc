#include "train/torch/chunked_loss.h"

#include <algorithm>

namespace zubr::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

struct ChunkedLoss : torch::autograd::Function<ChunkedLoss> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& states, const torch::Tensor& output,
                               const torch::Tensor& target, const torch::Tensor& weight, double cap,
                               torch::Dtype compute, std::int64_t chunk) {
    const auto matrix = output.to(compute);
    auto to_states = torch::empty_like(states);
    auto to_output = output.requires_grad() ? torch::zeros_like(output) : torch::Tensor();
    auto sum = torch::zeros({}, torch::kFloat64);
    for (std::int64_t at = 0; at < states.size(0); at += chunk) {
      const std::int64_t end = std::min(states.size(0), at + chunk);
      const auto part = states.slice(0, at, end).to(compute);
      auto logits = torch::linear(part, matrix).to(torch::kFloat32);
      if (cap > 0) logits = torch::tanh(logits / cap) * cap;
      const auto gold = target.slice(0, at, end).unsqueeze(1), share = weight.slice(0, at, end);
      auto slope = torch::log_softmax(logits, 1);
      sum -= (slope.gather(1, gold).squeeze(1) * share).sum().to(torch::kFloat64);
      slope.exp_();
      slope.scatter_add_(1, gold, torch::full({end - at, 1}, -1.0F));
      slope.mul_(share.unsqueeze(1));
      if (cap > 0) slope.mul_(1 - (logits / cap).square());
      const auto narrow = slope.to(compute);
      to_states.slice(0, at, end).copy_(torch::matmul(narrow, matrix));
      if (to_output.defined()) to_output.add_(torch::matmul(narrow.t(), part));
    }
    context->save_for_backward({to_states, to_output});
    return sum.to(torch::kFloat32);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& grads) {
    const auto saved = context->get_saved_variables();
    const auto scaled = [&](const torch::Tensor& t) { return t.defined() ? t * grads[0].to(t.dtype()) : t; };
    return {scaled(saved[0]), scaled(saved[1]), {}, {}, {}, {}, {}};
  }
};

}  // namespace

torch::Tensor chunked_loss(const torch::Tensor& states, const torch::Tensor& output, const torch::Tensor& target,
                           const torch::Tensor& weight, double cap, torch::Dtype compute, std::int64_t chunk) {
  return ChunkedLoss::apply(states, output, target, weight, cap, compute, chunk);
}

}  // namespace zubr::train
