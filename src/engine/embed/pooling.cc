#include "engine/embed/pooling.h"

#include <cmath>

namespace zubr::engine {

void MeanPool::add(std::span<const float> vector) {
  sum_.resize(vector.size());
  for (std::size_t i = 0; i < vector.size(); ++i) sum_[i] += vector[i];
  ++count_;
}

std::vector<float> MeanPool::mean() const {
  std::vector<float> mean(sum_.size());
  for (std::size_t i = 0; i < sum_.size(); ++i) mean[i] = static_cast<float>(sum_[i] / count_);
  return mean;
}

void normalize(std::vector<float>& vector) {
  double square = 0;
  for (const float value : vector) square += double{value} * value;
  if (square <= 0) return;
  const double length = std::sqrt(square);
  for (float& value : vector) value = static_cast<float>(value / length);
}

}  // namespace zubr::engine
