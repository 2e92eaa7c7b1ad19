#include "engine/onednn/fast_weights.h"

#include <ggml.h>

#include <cmath>
#include <new>
#include <random>

#include "core/display.h"
#include "core/log.h"
#include "core/machine.h"
#include "engine/onednn/weight_registry.h"

namespace zubr::engine::onednn {
namespace {

constexpr std::int64_t kLeastInner = 512, kLeastColumns = 256;
// Smaller models are fast enough, and packing would take longer than what it saves.
constexpr std::uint64_t kLeastFileBytes = 100'000'000;
// Bytes of packed weights for each byte of the file: about 1.8 from 4-bit weights, 1 from Q8_0, 0.5 from F16.
constexpr std::uint64_t kMostGrowth = 2;

// A small product against the same sum in double precision: false where this processor's kernels are slow or wrong.
bool is_fast_and_right(Precision precision) {
  constexpr std::int64_t kRows = 7, kInner = 1088, kColumns = 320;
  if (!PackedWeight::is_fast(precision, kInner, kColumns)) return false;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> weights(kInner * kColumns), input(kRows * kInner), got(kRows * kColumns);
  for (float& value : weights) value = normal(random);
  for (float& value : input) value = normal(random);
  const auto packed = PackedWeight::make(
      precision, kInner, kColumns,
      [&](std::int64_t column, float* to) {
        std::copy_n(&weights[static_cast<std::size_t>(column * kInner)], kInner, to);
      },
      1);
  Activations activations;
  activations.prepare(precision, input.data(), kRows, kInner, kInner, 1);
  packed->multiply(activations, got.data(), kColumns, 1);
  double difference = 0, length = 0;
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t column = 0; column < kColumns; ++column) {
      double right = 0;
      for (std::int64_t i = 0; i < kInner; ++i)
        right += static_cast<double>(input[static_cast<std::size_t>(row * kInner + i)]) *
                 weights[static_cast<std::size_t>(column * kInner + i)];
      const double off = got[static_cast<std::size_t>(row * kColumns + column)] - right;
      difference += off * off;
      length += right * right;
    }
  }
  const double error = std::sqrt(difference / length);
  if (error <= 0.02) return true;  // false for NaN
  core::log_warn("oneDNN's {} product is wrong on this processor (relative error {:.2g}) and is not used: report it",
                 precision == Precision::kInt8 ? "int8" : "bf16", error);
  return false;
}

// Tried once for each precision; kernels that cannot be made are not there.
bool works(Precision precision) {
  const auto try_it = [](Precision one) {
    try {
      return is_fast_and_right(one);
    } catch (const std::exception&) {
      return false;
    }
  };
  if (precision == Precision::kBf16) {
    static const bool bf16 = try_it(Precision::kBf16);
    return bf16;
  }
  static const bool int8 = try_it(Precision::kInt8);
  return int8;
}

Precision precision_of(Compute compute, const ggml_tensor* weight) {
  if (compute == Compute::kAuto) return ggml_is_quantized(weight->type) ? Precision::kInt8 : Precision::kBf16;
  return compute == Compute::kBf16 ? Precision::kBf16 : Precision::kInt8;
}

}  // namespace

Result<Advice> advise(Compute wanted, std::uint64_t file_bytes) {
  if (wanted == Compute::kGgml) return Advice{};
  const bool chosen = wanted != Compute::kAuto;
  if (!chosen && file_bytes < kLeastFileBytes) return Advice{};
  // Automatic: one is enough, as a processor with fast bytes need not be fast at bf16. make() leaves out the rest.
  const bool working =
      (wanted != Compute::kBf16 && works(Precision::kInt8)) || (wanted != Compute::kInt8 && works(Precision::kBf16));
  if (!working) {
    if (chosen)
      return fail(ErrorCode::kUnsupported, "oneDNN has no fast {} products on this processor; use --compute ggml",
                  wanted == Compute::kBf16 ? "bf16" : "int8");
    return Advice{Compute::kGgml, "oneDNN has no fast products on this processor"};
  }
  const std::uint64_t need = file_bytes * kMostGrowth, available = core::memory_info().available;
  if (!chosen && available != 0 && need > available)
    return Advice{Compute::kGgml, fmt::format("packed weights may need {}, and {} of memory are available",
                                              core::display_bytes(need), core::display_bytes(available))};
  return Advice{wanted, {}};
}

bool FastWeights::is_worth_it(const ggml_tensor* tensor) {
  return ggml_n_dims(tensor) == 2 && tensor->ne[0] >= kLeastInner && tensor->ne[1] >= kLeastColumns &&
         ggml_is_contiguous(tensor) &&
         (tensor->type == GGML_TYPE_F32 || ggml_get_type_traits(tensor->type)->to_float != nullptr);
}

Result<std::unique_ptr<FastWeights>> FastWeights::make(Compute compute, const std::vector<const ggml_tensor*>& weights,
                                                       int threads) {
  std::unique_ptr<FastWeights> made(new FastWeights);
  auto& registry = WeightRegistry::instance();
  try {
    for (const ggml_tensor* weight : weights) {
      const Precision precision = precision_of(compute, weight);
      if (!works(precision)) continue;
      registry.add(weight, precision, threads);
      made->known_.push_back(weight);
      made->bytes_ += registry.find(weight)->bytes();
    }
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "there is no memory for packed weights; use --compute ggml");
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, "oneDNN cannot pack the weights ({}); use --compute ggml", error.what());
  }
  return made;
}

FastWeights::~FastWeights() {
  for (const ggml_tensor* weight : known_) WeightRegistry::instance().remove(weight);
}

}  // namespace zubr::engine::onednn
