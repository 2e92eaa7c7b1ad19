// Which matrices of which loaded models the oneDNN backend multiplies. ggml gives a backend nothing but tensors, so the
// models enter theirs here when they are loaded and take them out before they are freed.
//
// Threads: everything may be called by any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <unordered_map>

#include "engine/onednn/packed_weight.h"

struct ggml_tensor;

namespace zubr::engine::onednn {

class WeightRegistry {
 public:
  static WeightRegistry& instance();  // ggml's list of devices is one for the process, and so is this

  // Packs the matrix and enters it. Throws std::bad_alloc or dnnl::error.
  void add(const ggml_tensor* weight, Precision precision, int threads);
  void remove(const ggml_tensor* weight);

  // None for a matrix that is not here. What is returned stays good after remove().
  std::shared_ptr<const PackedWeight> find(const ggml_tensor* weight) const;
  bool contains(const ggml_tensor* weight) const;

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<const ggml_tensor*, std::shared_ptr<const PackedWeight>> weights_;  // guarded by mutex_
};

}  // namespace zubr::engine::onednn
