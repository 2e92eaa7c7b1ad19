// Gradients against finite differences, in float64's stead with steps large enough for float32.
#include <gtest/gtest.h>

#include <random>

#include "train/torch/adamw.h"
#include "train/torch/fused.h"
#include "train/torch/llama.h"

namespace zubr::train {
namespace {

Batch some_batch() {
  Packer packer(2, 12);
  EXPECT_TRUE(packer.add({{{3, 4, 5, 6}, {0, 1, 1, 1}}, {{{7, 2}, {1, 1}}, {{8, 9, 2}, {1, 0.5F, 1}}}}));
  EXPECT_TRUE(packer.add({{{10, 4, 11}, {0, 1, 1}}, {}}));
  return packer.take();
}

TEST(Gradient, OfEveryWeightOfTheDecoderIsTheSlopeOfTheLoss) {
  torch::manual_seed(2);
  LlamaShape shape{16, 16, 2, 2, 1, 8, 24, 64, 10000.0F, 1e-5F, false};
  Llama model(shape, torch::kFloat32);
  {
    const torch::NoGradGuard no_gradients;
    for (const auto& [name, weight] : model.weights())
      if (weight.dim() == 2) weight.mul_(15);
  }
  const Batch batch = some_batch();
  const auto weights = torch::tensor(at::ArrayRef<float>(batch.weight));
  const auto loss = [&] { return (model.losses(batch) * weights).sum(); };
  loss().backward();
  std::mt19937 random(9);
  for (const auto& [name, weight] : model.weights()) {
    ASSERT_TRUE(weight.grad().defined()) << name;
    const torch::NoGradGuard no_gradients;
    // Along the gradient and along random directions: sums over many weights stand far above float32's rounding.
    for (int i = 0; i < 3; ++i) {
      auto direction = i == 0 ? weight.grad().clone() : torch::randn_like(weight);
      if (direction.norm().item<double>() == 0) continue;
      direction /= direction.norm();
      const double step = 0.004, want = (weight.grad() * direction).sum().item<double>();
      weight.add_(direction, step);
      const double above = loss().item<double>();
      weight.sub_(direction, 2 * step);
      const double below = loss().item<double>();
      weight.add_(direction, step);
      const double got = (above - below) / (2 * step);
      EXPECT_NEAR(got, want, 0.01 * std::abs(want) + 3e-3) << name << " direction " << i;
    }
  }
}

TEST(Gradient, OfTheFusedNormIsThatOfItsFormula) {
  torch::manual_seed(1);
  auto x = torch::randn({7, 32}).set_requires_grad(true), w = torch::randn({32}).set_requires_grad(true);
  const auto g = torch::randn({7, 32});
  const auto plain = x * torch::rsqrt(x.pow(2).mean(-1, true) + 1e-5) * w;
  const auto want = torch::autograd::grad({plain}, {x, w}, {g});
  const auto fused = rms_norm(x, w, 1e-5, torch::kFloat32);
  EXPECT_TRUE(torch::allclose(fused, plain, 1e-5, 1e-6));
  const auto got = torch::autograd::grad({fused}, {x, w}, {g});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(torch::allclose(got[i], want[i], 1e-4, 1e-5)) << i;
}

TEST(Gradient, OfTheFusedGateIsThatOfItsFormula) {
  torch::manual_seed(1);
  auto gate = torch::randn({9, 40}).set_requires_grad(true), up = torch::randn({9, 40}).set_requires_grad(true);
  const auto g = torch::randn({9, 40});
  const auto plain = gate * torch::sigmoid(gate) * up;
  const auto want = torch::autograd::grad({plain}, {gate, up}, {g});
  const auto fused = gated(gate, up);
  EXPECT_TRUE(torch::allclose(fused, plain, 1e-5, 1e-6));
  const auto got = torch::autograd::grad({fused}, {gate, up}, {g});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(torch::allclose(got[i], want[i], 1e-4, 1e-5)) << i;
}

TEST(AdamW, StepsAsTorchsOwn) {
  torch::manual_seed(1);
  auto ours = torch::randn({5, 6}).set_requires_grad(true);
  auto theirs = ours.detach().clone().set_requires_grad(true);
  AdamW adam({ours}, {1.0}, {0.9, 0.98, 1e-8, 0.1});
  torch::optim::AdamW reference({theirs},
                                torch::optim::AdamWOptions(0.01).betas({0.9, 0.98}).eps(1e-8).weight_decay(0.1));
  for (int step = 0; step < 5; ++step) {
    const auto target = torch::randn({5, 6});
    reference.zero_grad();
    (theirs - target).pow(2).sum().backward();
    (ours - target).pow(2).sum().backward();
    adam.step(step, 0.01);
    reference.step();
    ASSERT_TRUE(torch::allclose(ours, theirs, 1e-5, 1e-6)) << step;
  }
}

TEST(AdamW, ClipsTheNormOfAllGradientsTogether) {
  auto a = torch::zeros({2, 2}).set_requires_grad(true), b = torch::zeros({2}).set_requires_grad(true);
  AdamW adam({a, b}, {1.0, 1.0}, {});
  (a.sum() * 3 + b.sum() * 4).backward();  // norm: sqrt(4 * 9 + 2 * 16) = sqrt(68)
  EXPECT_NEAR(adam.clip(1.0), std::sqrt(68.0), 1e-4);
  const double norm = std::sqrt(a.grad().pow(2).sum().item<double>() + b.grad().pow(2).sum().item<double>());
  EXPECT_NEAR(norm, 1.0, 1e-4);
}

}  // namespace
}  // namespace zubr::train
