#include "int8_peak.h"

#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#ifdef __AVX512VNNI__
#include <immintrin.h>
#endif

namespace zubr::bench {
namespace {

#ifdef __AVX512VNNI__
constexpr int kChains = 12;  // more than the latency of a product
constexpr int kTurns = 20'000;

double operations_per_second() {
  using Clock = std::chrono::steady_clock;
  __m512i sums[kChains];
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  const auto began = Clock::now();
  double operations = 0, seconds = 0;
  while (seconds < 0.2) {
    for (int turn = 0; turn < kTurns; ++turn) {
      for (auto& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, b);
      __asm__ volatile("" : "+v"(a), "+v"(b));  // so that no turn is left out
    }
    operations += 2.0 * 64 * kChains * kTurns;
    seconds = std::chrono::duration<double>(Clock::now() - began).count();
  }
  for (auto& sum : sums) __asm__ volatile("" : : "v"(sum));  // as if each were used
  return operations / seconds;
}
#else
double operations_per_second() { return 0; }
#endif

}  // namespace

double int8_peak(int threads) {
  std::vector<double> each(static_cast<std::size_t>(threads));
  {
    std::vector<std::jthread> running;
    for (double& one : each) running.emplace_back([&one] { one = operations_per_second(); });
  }
  return std::accumulate(each.begin(), each.end(), 0.0);
}

}  // namespace zubr::bench
