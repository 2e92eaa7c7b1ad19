#include "train/torch/adamw.h"

#include <ATen/Parallel.h>

#include <cmath>

namespace zubr::train {
namespace {

constexpr std::int64_t kGrain = 65536;

struct Rates {
  float beta1, beta2, step_size, correction2, epsilon, keep;
};

void update(float* w, const float* g, float* m, float* v, std::int64_t count, const Rates& r) {
  for (std::int64_t i = 0; i < count; ++i) {
    m[i] = r.beta1 * m[i] + (1 - r.beta1) * g[i];
    v[i] = r.beta2 * v[i] + (1 - r.beta2) * g[i] * g[i];
    w[i] = w[i] * r.keep - r.step_size * m[i] / (std::sqrt(v[i] * r.correction2) + r.epsilon);
  }
}

}  // namespace

AdamW::AdamW(std::vector<torch::Tensor> parameters, std::vector<double> rates, AdamOptions options)
    : parameters_(std::move(parameters)), rates_(std::move(rates)), options_(options) {
  for (const auto& parameter : parameters_) {
    first_.push_back(torch::zeros_like(parameter).detach());
    second_.push_back(torch::zeros_like(parameter).detach());
  }
}

double AdamW::clip(double limit) {
  double sum = 0;
  for (const auto& parameter : parameters_) {
    if (parameter.grad().defined()) sum += parameter.grad().square().sum().item<double>();
  }
  const double norm = std::sqrt(sum);
  if (limit > 0 && norm > limit) {
    for (const auto& parameter : parameters_) {
      if (parameter.grad().defined()) parameter.grad().mul_(limit / (norm + 1e-6));
    }
  }
  return norm;
}

void AdamW::step(std::int64_t step, double base_rate) {
  const double n = static_cast<double>(step + 1);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i];
    if (!parameter.grad().defined()) continue;
    auto gradient = parameter.grad().contiguous();
    const double learning_rate = base_rate * rates_[i];
    const double decay = parameter.dim() > 1 && rates_[i] == 1 ? options_.weight_decay : 0;
    const Rates rates{static_cast<float>(options_.beta1),
                      static_cast<float>(options_.beta2),
                      static_cast<float>(learning_rate / (1 - std::pow(options_.beta1, n))),
                      static_cast<float>(1 / (1 - std::pow(options_.beta2, n))),
                      static_cast<float>(options_.epsilon),
                      static_cast<float>(1 - learning_rate * decay)};
    float *w = parameter.data_ptr<float>(), *m = first_[i].data_ptr<float>(), *v = second_[i].data_ptr<float>();
    const float* g = gradient.data_ptr<float>();
    at::parallel_for(0, parameter.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      update(w + begin, g + begin, m + begin, v + begin, end - begin, rates);
    });
    parameter.mutable_grad().zero_();
  }
}

}  // namespace zubr::train
