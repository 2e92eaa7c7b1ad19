// Gradients against finite differences, in float64's stead with steps large enough for float32.
#include <gtest/gtest.h>

#include <random>

#include "train/torch/adamw.h"
#include "train/torch/chunked_loss.h"
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

TEST(Gradient, OfTheLossInChunksIsThatOfTheWholeLoss) {
  torch::manual_seed(7);
  auto states = torch::randn({13, 8}).set_requires_grad(true), output = torch::randn({21, 8}).set_requires_grad(true);
  const auto target = torch::randint(0, 21, {13}, torch::kInt64), weight = torch::rand({13});
  for (const double cap : {0.0, 2.5}) {
    auto logits = torch::linear(states, output);
    if (cap > 0) logits = torch::tanh(logits / cap) * cap;
    const auto whole = -(torch::log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1) * weight).sum();
    const auto want = torch::autograd::grad({whole}, {states, output});
    const auto chunks = chunked_loss(states, output, target, weight, cap, torch::kFloat32, 5);
    EXPECT_NEAR(chunks.item<double>(), whole.item<double>(), 1e-4);
    const auto got = torch::autograd::grad({chunks * 2}, {states, output});
    for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(torch::allclose(got[i], want[i] * 2, 1e-4, 1e-5)) << i;
  }
}

TEST(Gradient, IsTheSameWhenLayersAreComputedAgain) {
  torch::manual_seed(3);
  LlamaShape shape{16, 16, 3, 2, 1, 8, 24, 64, 10000.0F, 1e-5F, false};
  Llama model(shape, torch::kFloat32);
  for (auto& [name, projection] : model.projections()) {
    projection->a = torch::randn({2, projection->inputs()}).set_requires_grad(true);
    projection->b = torch::randn({projection->outputs(), 2}).set_requires_grad(true);
    projection->scale = 0.1;
    projection->dropout = 0.3;  // the second time must drop what the first one did
  }
  const Batch batch = some_batch();
  model.set_training(true);
  std::vector<std::vector<torch::Tensor>> gradients;
  std::vector<double> losses;
  for (const bool again : {false, true}) {
    model.set_recompute(again);
    model.set_seed(5);
    const auto loss = model.weighted_loss(batch);
    losses.push_back(loss.item<double>());
    loss.backward();
    auto& of = gradients.emplace_back();
    const auto take = [&](torch::Tensor t) {
      of.push_back(t.grad().clone());
      t.mutable_grad().zero_();
    };
    for (const auto& [name, weight] : model.weights()) take(weight);
    for (auto& [name, projection] : model.projections()) {
      take(projection->a);
      take(projection->b);
    }
  }
  EXPECT_EQ(losses[0], losses[1]);
  for (std::size_t i = 0; i < gradients[0].size(); ++i)
    EXPECT_TRUE(torch::allclose(gradients[0][i], gradients[1][i], 1e-5, 1e-7)) << i;
  model.set_seed(6);
  EXPECT_NE(model.weighted_loss(batch).item<double>(), losses[0]);  // there was something to drop
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
