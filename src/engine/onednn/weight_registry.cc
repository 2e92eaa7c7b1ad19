#include "engine/onednn/weight_registry.h"

#include <ggml.h>

#include <mutex>

namespace zubr::engine::onednn {
namespace {

std::unique_ptr<const PackedWeight> pack(const ggml_tensor* weight, Precision precision, int threads) {
  const std::int64_t inner = weight->ne[0], columns = weight->ne[1];
  const auto* bytes = static_cast<const char*>(weight->data);
  const std::size_t row_bytes = weight->nb[1];
  if (weight->type == GGML_TYPE_F32) {
    return PackedWeight::make(
        precision, inner, columns,
        [&](std::int64_t column, float* to) {
          const auto* from = reinterpret_cast<const float*>(bytes + static_cast<std::size_t>(column) * row_bytes);
          std::copy(from, from + inner, to);
        },
        threads);
  }
  const ggml_to_float_t to_float = ggml_get_type_traits(weight->type)->to_float;
  return PackedWeight::make(
      precision, inner, columns,
      [&](std::int64_t column, float* to) {
        to_float(bytes + static_cast<std::size_t>(column) * row_bytes, to, inner);
      },
      threads);
}

}  // namespace

WeightRegistry& WeightRegistry::instance() {
  static WeightRegistry registry;
  return registry;
}

void WeightRegistry::add(const ggml_tensor* weight, Precision precision, int threads) {
  std::shared_ptr<const PackedWeight> packed = pack(weight, precision, threads);
  const std::unique_lock lock(mutex_);
  weights_[weight] = std::move(packed);
}

void WeightRegistry::remove(const ggml_tensor* weight) {
  const std::unique_lock lock(mutex_);
  weights_.erase(weight);
}

std::shared_ptr<const PackedWeight> WeightRegistry::find(const ggml_tensor* weight) const {
  const std::shared_lock lock(mutex_);
  const auto found = weights_.find(weight);
  return found == weights_.end() ? nullptr : found->second;
}

bool WeightRegistry::contains(const ggml_tensor* weight) const {
  const std::shared_lock lock(mutex_);
  return weights_.contains(weight);
}

}  // namespace zubr::engine::onednn
