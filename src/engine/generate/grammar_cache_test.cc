#include "engine/generate/grammar_cache.h"

#include <gtest/gtest.h>

#include "engine/generate/schema_check.h"

namespace zubr::engine {
namespace {

TEST(GrammarCache, CompilesASchemaOnce) {
  GrammarCache cache;
  const auto first = cache.grammar(R"({"type":"boolean"})");
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_NE(first->find("root ::="), std::string::npos);
  EXPECT_EQ(cache.grammar(R"({"type":"boolean"})"), *first);
  EXPECT_EQ(cache.compiled(), 1u);
}

TEST(GrammarCache, RemembersWhatCannotBeCompiled) {
  GrammarCache cache;
  for (int i = 0; i < 3; ++i) {
    const auto refused = cache.grammar(R"({"not":{"type":"string"}})");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(cache.compiled(), 1u);
}

TEST(GrammarCache, ForgetsTheLongestUnused) {
  GrammarCache cache(2);
  const auto schema = [](int n) { return R"({"const":)" + std::to_string(n) + "}"; };
  for (const int n : {1, 2, 1, 3, 1}) EXPECT_TRUE(cache.grammar(schema(n)));
  EXPECT_EQ(cache.compiled(), 3u);  // 2 went, 1 stayed
  EXPECT_TRUE(cache.grammar(schema(2)));
  EXPECT_EQ(cache.compiled(), 4u);
}

TEST(GrammarCache, KeepsNothingThatIsTooLarge) {
  GrammarCache cache;
  const auto refused = cache.grammar(R"({"const":")" + std::string(kMaxSchemaBytes, 'x') + "\"}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(cache.compiled(), 0u);
}

}  // namespace
}  // namespace zubr::engine
