#include "train/torch/cells.h"

namespace zubr::train {

torch::Tensor as_tensor(const std::vector<std::int64_t>& values) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kInt64)
      .clone();
}

torch::Tensor as_tensor(const std::vector<std::int32_t>& values) {
  return torch::from_blob(const_cast<std::int32_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kInt32)
      .clone();
}

torch::Tensor attention_mask(const Batch& batch, torch::Dtype type, std::int64_t window) {
  const auto grid = [&](const auto& values) { return as_tensor(values).view({batch.rows, batch.length}); };
  const torch::Tensor sample = grid(batch.samples), branch = grid(batch.branches);
  const torch::Tensor same_sample = sample.unsqueeze(2) == sample.unsqueeze(1);
  const torch::Tensor seen_branch = (branch.unsqueeze(1) == 0) | (branch.unsqueeze(2) == branch.unsqueeze(1));
  const torch::Tensor before = torch::ones({batch.length, batch.length}, torch::kBool).tril();
  torch::Tensor seen = same_sample & seen_branch & before;
  if (window > 0) {
    const torch::Tensor position = grid(batch.positions);
    seen = seen & (position.unsqueeze(2) - position.unsqueeze(1) < window);
  }
  return torch::zeros(seen.sizes(), torch::kFloat32).masked_fill(seen.logical_not(), -1e9).to(type).unsqueeze(1);
}

Rotation::Rotation(const Batch& batch, const LlamaShape& shape, double base, double scale)
    : half_split_(shape.half_split) {
  const auto pair = torch::arange(0, shape.head_width, 2, torch::kFloat64);
  auto frequency = torch::pow(base, -pair / static_cast<double>(shape.head_width)) * scale;
  if (!shape.rope_factors.empty())
    frequency = frequency / torch::tensor(at::ArrayRef<float>(shape.rope_factors)).to(torch::kFloat64);
  const auto angle = as_tensor(batch.positions).to(torch::kFloat64).unsqueeze(1) * frequency;
  if (half_split_) {
    cosine_ = angle.cos().to(torch::kFloat32).unsqueeze(1);
    sine_ = angle.sin().to(torch::kFloat32).unsqueeze(1);
  } else {
    complex_ = torch::polar(torch::ones_like(angle), angle).to(torch::kComplexFloat).unsqueeze(1);
  }
}

torch::Tensor Rotation::turn(const torch::Tensor& x, std::int64_t heads) const {
  const auto values = x.to(torch::kFloat32);
  if (!half_split_) {
    const auto pairs = values.view({x.size(0), heads, -1, 2});
    return torch::view_as_real(torch::view_as_complex(pairs) * complex_).flatten(1);
  }
  const auto halves = values.view({x.size(0), heads, 2, -1});
  const auto first = halves.select(2, 0), second = halves.select(2, 1);
  return torch::stack({first * cosine_ - second * sine_, second * cosine_ + first * sine_}, 2).flatten(1);
}

}  // namespace zubr::train
