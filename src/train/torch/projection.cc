#include "train/torch/projection.h"

namespace zubr::train {

torch::Tensor project(const torch::Tensor& x, const Projection& p, torch::Dtype compute, bool training) {
  const auto in = x.to(compute);
  auto out = torch::linear(in, p.weight.to(compute), p.bias.defined() ? p.bias.to(compute) : torch::Tensor());
  if (!p.a.defined()) return out;
  const auto seen = training && p.dropout > 0 ? torch::dropout(in, p.dropout, true) : in;
  return out + torch::linear(torch::linear(seen, p.a.to(compute)), p.b.to(compute)) * p.scale;
}

}  // namespace zubr::train
