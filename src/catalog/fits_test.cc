#include "catalog/fits.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::catalog {
namespace {

constexpr Machine kMachine{.memory = std::uint64_t{8} << 30, .bytes_per_second = 20e9};

ModelRecord llama() {
  ModelRecord record;
  record.address = {"hf", "meta-llama/Llama-3.1-8B-Instruct"};
  record.open = true;
  record.parameters = 8'030'261'248;
  record.context = 131'072;
  record.layers = 32;
  record.kv_heads = 8;
  record.head_size = 128;
  return record;
}

TEST(CacheCost, IsWhatLlamaCppAllocates) {
  // 1 GiB for 8,192 tokens of Llama 3.1 8B in f16.
  EXPECT_EQ(cache_cost(llama(), 8192)->bytes, std::uint64_t{1} << 30);
  EXPECT_FALSE(cache_cost(llama(), 8192)->estimated);
}

TEST(CacheCost, OfAWindowEndsWithIt) {
  // Gemma 3 27B: 62 layers of 16 heads of 128, 52 of them with a window of 1,024.
  ModelRecord gemma = llama();
  gemma.layers = 62;
  gemma.kv_heads = 16;
  gemma.window_layers = 52;
  gemma.window = 1024;
  const std::uint64_t token = 16 * 128 * 4;
  EXPECT_EQ(cache_cost(gemma, 1000)->bytes, 62 * 1000 * token) << "shorter than the window";
  EXPECT_EQ(cache_cost(gemma, 131'072)->bytes, (10 * 131'072ULL + 52 * 1536) * token);
  EXPECT_LT(cache_cost(gemma, 131'072)->bytes, std::uint64_t{12} << 30);
}

TEST(CacheCost, OfLayersThatLookAtAnImageIsThatOfTheImage) {
  // Llama 3.2 11B Vision: 8 of 40 layers look at up to four tiles of 1,601 tokens.
  ModelRecord vision = llama();
  vision.layers = 40;
  vision.image_layers = 8;
  vision.image_tokens = 6404;
  EXPECT_EQ(cache_cost(vision, 8192)->bytes, (32 * 8192ULL + 8 * 6404) * 8 * 128 * 4);
}

RC_GTEST_PROP(CacheCostProperty, NeverShrinksWithTheContextAndWindowsNeverCostMore, ()) {
  ModelRecord record = llama();
  const auto context = *rc::gen::inRange<std::int64_t>(1, 1 << 20), more = *rc::gen::inRange<std::int64_t>(0, 1 << 20);
  const auto full = cache_cost(record, context)->bytes;
  record.window = *rc::gen::inRange<std::int64_t>(1, 1 << 20);
  record.window_layers = *rc::gen::inRange<std::int64_t>(0, 100);
  RC_ASSERT(cache_cost(record, context)->bytes <= full);
  RC_ASSERT(cache_cost(record, context)->bytes <= cache_cost(record, context + more)->bytes);
}

TEST(CacheCost, IsEstimatedFromTheSizeAndNeverGuessedWithoutOne) {
  ModelRecord record = llama();
  record.layers.reset();
  EXPECT_TRUE(cache_cost(record, 8192)->estimated);
  record.parameters.reset();
  EXPECT_FALSE(cache_cost(record, 8192));
}

TEST(Fit, ChoosesTheLargestUsefulQuantizationThatFits) {
  const auto found = fit(llama(), {}, 8192, kMachine);
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_TRUE(found->best);
  EXPECT_EQ(found->rows[*found->best].quantization, "Q6_K");
  EXPECT_FALSE(found->rows.front().fits);
  const auto large = fit(llama(), {}, 8192, {.memory = std::uint64_t{64} << 30, .bytes_per_second = 20e9});
  EXPECT_EQ(large->rows[*large->best].quantization, "Q8_0");
  EXPECT_FALSE(fit(llama(), {}, 8192, {.memory = std::uint64_t{1} << 30, .bytes_per_second = 20e9})->best);
}

TEST(Fit, TakesSizesOfFilesWhereTheyAreKnown) {
  const auto found =
      fit(llama(), {{"llama3.1:8b", "", 4'900'000'000}, {"x", "Q8_0", 8'500'000'000}, {"y", "Q8_0", 1}}, 0, kMachine);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->rows.size(), 2u);
  EXPECT_EQ(found->rows[*found->best].file, "llama3.1:8b");
  EXPECT_EQ(found->context, 8192);
}

TEST(Fit, ReadsOnlyTheActiveExperts) {
  ModelRecord mixture = llama();
  mixture.active_parameters = *mixture.parameters / 4;
  const auto dense = fit(llama(), {}, 512, kMachine), sparse = fit(mixture, {}, 512, kMachine);
  EXPECT_NEAR(sparse->rows[0].tokens_per_second_empty / dense->rows[0].tokens_per_second_empty, 4.0, 0.01);
}

TEST(Fit, SaysWhyNot) {
  ModelRecord paid = llama();
  paid.open = false;
  EXPECT_EQ(fit(paid, {}, 0, kMachine).error().code(), ErrorCode::kUnsupported);
  ModelRecord unknown;
  unknown.open = true;
  EXPECT_EQ(fit(unknown, {}, 0, kMachine).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(fit(llama(), {}, 200'000, kMachine).error().code(), ErrorCode::kInvalidArgument);
}

RC_GTEST_PROP(Fit, OfMoreMemoryIsNeverWorse, ()) {
  const auto gigabytes = *rc::gen::inRange<std::uint64_t>(1, 64);
  const auto context = *rc::gen::inRange<std::int64_t>(1, 131'072);
  const auto small = fit(llama(), {}, context, {.memory = gigabytes << 30, .bytes_per_second = 1e9});
  const auto large = fit(llama(), {}, context, {.memory = (gigabytes + 1) << 30, .bytes_per_second = 1e9});
  RC_ASSERT(small.has_value() && large.has_value());
  RC_ASSERT(!small->best || (large->best && *large->best <= *small->best));
  for (const FitRow& row : small->rows) RC_ASSERT(row.tokens_per_second_full <= row.tokens_per_second_empty);
}

TEST(MeasureReadBandwidth, IsThatOfAMachine) {
  const double rate = measure_read_bandwidth(1, std::chrono::milliseconds(1));
  EXPECT_GT(rate, 1e8);
  EXPECT_LT(rate, 1e13);
}

}  // namespace
}  // namespace zubr::catalog
