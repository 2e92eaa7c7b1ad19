#include "engine/onednn/packed_weight.h"

#include <ggml.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "engine/llama/log_capture.h"
#include "engine/onednn/fast_weights.h"
#include "engine/onednn/weight_registry.h"

namespace zubr::engine::onednn {
namespace {

std::vector<float> random_floats(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

// Weights by column, activations by row, and their product in double precision.
struct Problem {
  std::int64_t rows, inner, columns;
  std::vector<float> weights = random_floats(inner * columns, 1), input = random_floats(rows * inner, 2);

  std::unique_ptr<const PackedWeight> pack(Precision precision, int threads = 2) const {
    return PackedWeight::make(
        precision, inner, columns,
        [this](std::int64_t column, float* to) {
          std::memcpy(to, &weights[static_cast<std::size_t>(column * inner)], static_cast<std::size_t>(inner) * 4);
        },
        threads);
  }
  std::vector<float> multiply(const PackedWeight& weight, std::int64_t first, std::int64_t count, int threads) const {
    Activations activations;
    activations.prepare(weight.precision(), &input[static_cast<std::size_t>(first * inner)], count, inner,
                        static_cast<std::size_t>(inner), threads);
    std::vector<float> product(static_cast<std::size_t>(count * columns));
    weight.multiply(activations, product.data(), static_cast<std::size_t>(columns), threads);
    return product;
  }
  double relative_error(const std::vector<float>& product) const {
    double difference = 0, length = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t column = 0; column < columns; ++column) {
        double right = 0;
        for (std::int64_t i = 0; i < inner; ++i)
          right += static_cast<double>(weights[static_cast<std::size_t>(column * inner + i)]) *
                   input[static_cast<std::size_t>(row * inner + i)];
        const double off = product[static_cast<std::size_t>(row * columns + column)] - right;
        difference += off * off;
        length += right * right;
      }
    }
    return std::sqrt(difference / length);
  }
};

constexpr double most_error(Precision precision) { return precision == Precision::kInt8 ? 0.015 : 0.005; }

TEST(PackedWeight, IsTheProductForOddShapesToo) {
  for (const Precision precision : {Precision::kInt8, Precision::kBf16}) {
    for (const Problem& problem : {Problem{1, 512, 256}, Problem{3, 513, 257}, Problem{60, 640, 1025},
                                   Problem{65, 1100, 300}, Problem{130, 2048, 64}, Problem{7, 96, 31}}) {
      const double error = problem.relative_error(problem.multiply(*problem.pack(precision), 0, problem.rows, 2));
      EXPECT_LE(error, most_error(precision)) << problem.rows << " " << problem.inner << " " << problem.columns;
      EXPECT_GT(error, 1e-5) << "nothing was rounded";
    }
  }
}

// Which rows are evaluated together is chance: a row's answer must not depend on it.
TEST(PackedWeight, RowHasTheSameBitsInAnyCompany) {
  const Problem problem{100, 1088, 700};
  const auto weight = problem.pack(Precision::kInt8);
  const std::vector<float> together = problem.multiply(*weight, 0, problem.rows, 2);
  for (const std::int64_t count : {1, 3, 17, 64, 99}) {
    for (const std::int64_t first : {std::int64_t{0}, problem.rows - count}) {
      const std::vector<float> alone = problem.multiply(*weight, first, count, 1);
      EXPECT_EQ(0, std::memcmp(alone.data(), &together[static_cast<std::size_t>(first * problem.columns)],
                               alone.size() * sizeof(float)))
          << count << " rows from " << first;
    }
  }
}

TEST(PackedWeight, CutForAnyNumberOfThreadsIsTheSame) {
  const Problem problem{5, 600, 1500};
  const std::vector<float> one = problem.multiply(*problem.pack(Precision::kInt8, 1), 0, 5, 1);
  for (const int threads : {2, 3, 8})
    EXPECT_EQ(problem.multiply(*problem.pack(Precision::kInt8, threads), 0, 5, 2), one);
}

TEST(PackedWeight, NumbersThatAreNoneAreNotHidden) {
  Problem problem{4, 600, 300};
  problem.input[600 + 5] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> product = problem.multiply(*problem.pack(Precision::kInt8), 0, 4, 1);
  EXPECT_TRUE(std::isfinite(product[0]));
  EXPECT_FALSE(std::isfinite(product[300]));
}

TEST(WeightRegistry, PacksEveryTypeThatGgmlCanRead) {
  initialise_llama();
  constexpr std::int64_t kInner = 768, kColumns = 320;
  const std::vector<float> values = random_floats(kInner * kColumns, 3);
  int types = 0;
  for (int number = 0; number < GGML_TYPE_COUNT; ++number) {
    const auto type = static_cast<ggml_type>(number);
    const auto* traits = ggml_get_type_traits(type);
    if (traits->to_float == nullptr || traits->blck_size == 0 || kInner % traits->blck_size != 0) continue;
    if (ggml_quantize_requires_imatrix(type)) continue;
    ggml_init_params params{.mem_size = std::size_t{8} << 20, .mem_buffer = nullptr, .no_alloc = false};
    const std::unique_ptr<ggml_context, decltype(&ggml_free)> context(ggml_init(params), ggml_free);
    ggml_tensor* weight = ggml_new_tensor_2d(context.get(), type, kInner, kColumns);
    if (traits->from_float_ref == nullptr && type != GGML_TYPE_F16 && type != GGML_TYPE_BF16) continue;
    ggml_quantize_chunk(type, values.data(), weight->data, 0, kColumns, kInner, nullptr);
    Problem problem{8, kInner, kColumns};
    traits->to_float(weight->data, problem.weights.data(), kInner * kColumns);
    ASSERT_TRUE(FastWeights::is_worth_it(weight)) << ggml_type_name(type);
    {
      const auto fast = FastWeights::make(Compute::kInt8, {weight}, 2);
      ASSERT_TRUE(fast);
      EXPECT_GE((*fast)->bytes(), static_cast<std::uint64_t>(kInner * kColumns));
      const auto packed = WeightRegistry::instance().find(weight);
      ASSERT_TRUE(packed);
      EXPECT_LE(problem.relative_error(problem.multiply(*packed, 0, 8, 2)), 0.015) << ggml_type_name(type);
    }
    EXPECT_FALSE(WeightRegistry::instance().contains(weight)) << "still there after its model";
    ++types;
  }
  EXPECT_GE(types, 15);
}

TEST(Advise, SaysWhatWouldBeUsed) {
  EXPECT_EQ(advise(Compute::kGgml, 1'000'000'000)->compute, Compute::kGgml);
  EXPECT_EQ(advise(Compute::kAuto, 1'000'000)->compute, Compute::kGgml) << "a small model";
  const auto huge = advise(Compute::kAuto, std::uint64_t{1} << 50);
  EXPECT_EQ(huge->compute, Compute::kGgml);
  EXPECT_NE(huge->reason, "");
}

}  // namespace
}  // namespace zubr::engine::onednn
