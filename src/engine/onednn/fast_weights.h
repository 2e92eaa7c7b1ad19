// The packed matrices of one loaded model, known to the oneDNN device from make() until this object is gone.
//
// Threads: make and destroy while no context of the model computes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/result.h"
#include "engine/compute.h"
#include "engine/onednn/precision.h"

struct ggml_tensor;

namespace zubr::engine::onednn {

struct Advice {
  Compute compute = Compute::kGgml;  // kAuto: go on with it
  std::string reason;                // why kAuto became kGgml; else empty
};

// What to use for a model of `file_bytes`. Asked for kInt8 or kBf16, the answer is that or an error: kUnsupported where
// oneDNN has no fast product here or computes a wrong one, kOutOfMemory where memory is short. kAuto is never an error,
// and goes on where one of the two is fast: matrices that want the other one stay with ggml.
Result<Advice> advise(Compute wanted, std::uint64_t file_bytes);

class FastWeights {
 public:
  // `weights` are matrices in host memory that outlive this object. kOutOfMemory or kInternal; then none is known.
  static Result<std::unique_ptr<FastWeights>> make(Compute compute, const std::vector<const ggml_tensor*>& weights,
                                                   int threads);
  ~FastWeights();
  FastWeights(const FastWeights&) = delete;
  FastWeights& operator=(const FastWeights&) = delete;

  std::uint64_t bytes() const { return bytes_; }  // beside the original weights

  // Large enough that it pays, and of a type that can be read.
  static bool is_worth_it(const ggml_tensor* tensor);

 private:
  FastWeights() = default;
  std::vector<const ggml_tensor*> known_;
  std::uint64_t bytes_ = 0;
};

}  // namespace zubr::engine::onednn
