// Vectors of tokens to the vector of a text. Pure.
#pragma once

#include <span>
#include <vector>

namespace zubr::engine {

// The mean of any number of vectors of the same length, summed in double.
class MeanPool {
 public:
  void add(std::span<const float> vector);
  int count() const { return count_; }
  std::vector<float> mean() const;

 private:
  std::vector<double> sum_;
  int count_ = 0;
};

// To length 1; a vector of zeros stays what it is.
void normalize(std::vector<float>& vector);

}  // namespace zubr::engine
