#include "engine/llama/log_softmax.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#if defined(__x86_64__) && defined(__ELF__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ZUBR_FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ZUBR_FOR_EACH_CPU
#endif

namespace zubr::engine {
namespace {

constexpr std::size_t kLanes = 16;
constexpr std::size_t kBlock = 1024;

// e^x for x <= 0, relative error below 2e-7: 2^n * p(r) with r in [-ln2/2, ln2/2] (Cephes expf coefficients). Written
// without branches or library calls so that it vectorises.
inline float exp_nonpositive(float x) {
  x = x < -87.0f ? -87.0f : x;
  const float shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23: rounds to an integer
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const auto scale = (static_cast<std::int32_t>(n) + 127) << 23;
  return p * std::bit_cast<float>(scale);
}

// The optimiser vectorises loops over kLanes independent accumulators without being told that sums may be reordered.
ZUBR_FOR_EACH_CPU float maximum(const float* values, std::size_t count) {
  float best[kLanes];
  for (float& lane : best) lane = -std::numeric_limits<float>::infinity();
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      best[lane] = values[i + lane] > best[lane] ? values[i + lane] : best[lane];
    }
  }
  float result = best[0];
  for (const float lane : best) result = std::max(result, lane);
  for (; i < count; ++i) result = std::max(result, values[i]);
  return result;
}

ZUBR_FOR_EACH_CPU double sum_exp(const float* values, std::size_t count, float shift) {
  double total = 0;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(count, begin + kBlock);
    float sums[kLanes] = {};
    std::size_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += exp_nonpositive(values[i + lane] - shift);
    }
    for (const float lane : sums) total += lane;
    for (; i < end; ++i) total += exp_nonpositive(values[i] - shift);
  }
  return total;
}

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  if (logits.empty()) return -std::numeric_limits<double>::infinity();
  const float top = maximum(logits.data(), logits.size());
  if (top == -std::numeric_limits<float>::infinity()) {
    const bool poisoned = std::ranges::any_of(logits, [](float value) { return std::isnan(value); });
    return poisoned ? std::numeric_limits<double>::quiet_NaN() : top;
  }
  return top + std::log(sum_exp(logits.data(), logits.size(), top));
}

}  // namespace zubr::engine
