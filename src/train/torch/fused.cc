#include "train/torch/fused.h"

#include <ATen/Parallel.h>

#include <cmath>

namespace zubr::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr std::int64_t kGrain = 64;  // rows a thread takes at least

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               double epsilon, torch::Dtype out_type) {
    const std::int64_t rows = x.size(0), width = x.size(1);
    auto out = torch::empty({rows, width}, out_type);
    auto scale = torch::empty({rows}, torch::kFloat32);
    const float* in = x.data_ptr<float>();
    const float* w = weight.data_ptr<float>();
    float* s = scale.data_ptr<float>();
    const auto run = [&](auto* to) {
      using T = std::remove_reference_t<decltype(*to)>;
      at::parallel_for(0, rows, kGrain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) {
          const float* row = in + r * width;
          float sum = 0;
          for (std::int64_t i = 0; i < width; ++i) sum += row[i] * row[i];
          const float factor = 1.0F / std::sqrt(sum / static_cast<float>(width) + static_cast<float>(epsilon));
          s[r] = factor;
          for (std::int64_t i = 0; i < width; ++i) to[r * width + i] = static_cast<T>(row[i] * factor * w[i]);
        }
      });
    };
    if (out_type == torch::kBFloat16) {
      run(out.data_ptr<at::BFloat16>());
    } else {
      run(out.data_ptr<float>());
    }
    context->save_for_backward({x, weight, scale});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& grads) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &scale = saved[2];
    const auto g = grads[0].to(torch::kFloat32).contiguous();
    const std::int64_t rows = x.size(0), width = x.size(1);
    auto dx = torch::empty_like(x);
    const int threads = at::get_num_threads();
    const std::int64_t chunk = (rows + threads - 1) / threads;
    auto parts = torch::zeros({threads, width}, torch::kFloat32);  // one per thread, so that the sum's order is fixed
    const float *in = x.data_ptr<float>(), *w = weight.data_ptr<float>(), *s = scale.data_ptr<float>();
    const float* dy = g.data_ptr<float>();
    float *to = dx.data_ptr<float>(), *dw = parts.data_ptr<float>();
    at::parallel_for(0, threads, 1, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t t = first; t < last; ++t) {
        float* mine = dw + t * width;
        for (std::int64_t r = t * chunk; r < std::min(rows, (t + 1) * chunk); ++r) {
          const float *row = in + r * width, *gr = dy + r * width;
          float dot = 0;
          for (std::int64_t i = 0; i < width; ++i) dot += gr[i] * w[i] * row[i];
          const float f = s[r], back = dot * f * f * f / static_cast<float>(width);
          for (std::int64_t i = 0; i < width; ++i) {
            to[r * width + i] = gr[i] * w[i] * f - row[i] * back;
            mine[i] += gr[i] * row[i] * f;
          }
        }
      }
    });
    return {dx, parts.sum(0), torch::Tensor(), torch::Tensor()};
  }
};

template <typename T>
void gate_forward(const T* g, const T* u, T* out, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = static_cast<float>(g[i]);
    out[i] = static_cast<T>(x / (1.0F + std::exp(-x)) * static_cast<float>(u[i]));
  }
}

template <typename T>
void gate_backward(const T* g, const T* u, const T* dy, T* dg, T* du, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float x = static_cast<float>(g[i]), y = static_cast<float>(dy[i]);
    const float sigmoid = 1.0F / (1.0F + std::exp(-x));
    du[i] = static_cast<T>(y * x * sigmoid);
    dg[i] = static_cast<T>(y * static_cast<float>(u[i]) * sigmoid * (1.0F + x * (1.0F - sigmoid)));
  }
}

constexpr std::int64_t kElementGrain = 32768;

struct Gated : torch::autograd::Function<Gated> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& gate, const torch::Tensor& up) {
    auto out = torch::empty_like(gate);
    const auto run = [&](auto zero) {
      using T = decltype(zero);
      const T *g = gate.data_ptr<T>(), *u = up.data_ptr<T>();
      T* to = out.data_ptr<T>();
      at::parallel_for(0, gate.numel(), kElementGrain,
                       [&](std::int64_t b, std::int64_t e) { gate_forward(g + b, u + b, to + b, e - b); });
    };
    gate.scalar_type() == torch::kBFloat16 ? run(at::BFloat16()) : run(float());
    context->save_for_backward({gate, up});
    return out;
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& grads) {
    const auto saved = context->get_saved_variables();
    const auto &gate = saved[0], &up = saved[1];
    const auto dy = grads[0].contiguous();
    auto dg = torch::empty_like(gate), du = torch::empty_like(up);
    const auto run = [&](auto zero) {
      using T = decltype(zero);
      const T *g = gate.data_ptr<T>(), *u = up.data_ptr<T>(), *y = dy.data_ptr<T>();
      T *to_g = dg.data_ptr<T>(), *to_u = du.data_ptr<T>();
      at::parallel_for(0, gate.numel(), kElementGrain, [&](std::int64_t b, std::int64_t e) {
        gate_backward(g + b, u + b, y + b, to_g + b, to_u + b, e - b);
      });
    };
    gate.scalar_type() == torch::kBFloat16 ? run(at::BFloat16()) : run(float());
    return {dg, du};
  }
};

}  // namespace

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon, torch::Dtype out) {
  return RmsNorm::apply(x, weight, epsilon, out);
}

torch::Tensor gated(const torch::Tensor& gate, const torch::Tensor& up) { return Gated::apply(gate, up); }

}  // namespace zubr::train
