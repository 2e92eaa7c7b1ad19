#include "router/speeds.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace zubr::router {
namespace {

double percentile_of(std::vector<double>& values, double percentile) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<std::size_t>(std::lround(last * percentile))];
}

}  // namespace

void Speeds::add(const std::string& endpoint, const Speed& speed, TimePoint now) {
  auto& samples = samples_[endpoint];
  samples.push_back({now, speed});
  while (samples.size() > kMostSamples || samples.front().when + kWindow < now) samples.pop_front();
}

std::optional<Speed> Speeds::at(const std::string& endpoint, double percentile, TimePoint now) const {
  const auto found = samples_.find(endpoint);
  if (found == samples_.end()) return std::nullopt;
  std::vector<double> first, slow;
  for (const Sample& sample : found->second) {
    if (sample.when + kWindow < now) continue;
    first.push_back(sample.speed.first_token_s);
    if (sample.speed.tokens_per_second > 0) slow.push_back(sample.speed.tokens_per_second);
  }
  if (first.empty()) return std::nullopt;
  // A high percentile is a bad one: the slow end of both.
  return Speed{percentile_of(first, percentile), percentile_of(slow, 1 - percentile)};
}

}  // namespace zubr::router
