#include "engine/pool/memory_need.h"

#include <gtest/gtest.h>

#include "engine/llama/kv_size.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

constexpr std::uint64_t kMuch = std::uint64_t{1} << 40;

// The header alone says what the loaded model says.
TEST(MemoryNeed, IsTheFileAndTheCacheOfTheLoadedModel) {
  ZUBR_NEED_TEST_DATA();
  for (const char* name : {"stories260K-f32.gguf", "aidreams260K-f32.gguf", "tinytalk-3m-q4_0.gguf"}) {
    const auto file = test_model(name);
    const auto model = load_test_model(name, 1);
    const std::uint64_t cache = static_cast<std::uint64_t>(kv_bytes_per_token(*model));
    const std::uint64_t bytes = std::filesystem::file_size(file);
    EXPECT_EQ(*memory_need(file, {.context_tokens = 100}, kMuch), bytes + 100 * cache) << name;
    EXPECT_EQ(*memory_need(file, {.context_tokens = 100, .parallel = 3}, kMuch), bytes + 300 * cache) << name;
    EXPECT_EQ(*memory_need(file, {.context_tokens = 100, .packed = true}, kMuch), 2 * bytes + 100 * cache) << name;
    EXPECT_GT(*memory_need(file, {}, kMuch), bytes) << name;
    EXPECT_EQ(*memory_need(file, {.context_tokens = 1 << 30, .parallel = 64}, 8000), bytes + 1000) << name;
  }
}

TEST(MemoryNeed, IsUnknownForWhatIsNoModel) {
  EXPECT_EQ(memory_need("/nowhere/x.gguf", {}, kMuch).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zubr::engine
