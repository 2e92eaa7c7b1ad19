#include "train/matmul_rate.h"

#include <chrono>

#include "train/torch/guarded.h"

namespace zubr::train {

double matmul_rate(bool bfloat16, int threads, int tokens, int width, int rounds) {
  set_threads(threads);
  const torch::NoGradGuard no_gradients;
  const auto type = bfloat16 ? torch::kBFloat16 : torch::kFloat32;
  const auto x = torch::randn({tokens, width}).to(type), w = torch::randn({width, width}).to(type);
  double best = 0;
  for (int i = 0; i <= rounds; ++i) {  // the first one warms up
    const auto since = std::chrono::steady_clock::now();
    const auto y = torch::linear(x, w);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - since;
    if (i > 0) best = std::max(best, 2.0 * tokens * width * width / passed.count());
  }
  return best;
}

}  // namespace zubr::train
