#include "engine/run_settings.h"

#include <gtest/gtest.h>

namespace zubr::engine {
namespace {

TEST(RunSettings, ReadsAListOfAdapters) {
  const auto adapters = parse_adapters(" polite = /models/a b.gguf ,short=s=1.gguf");
  ASSERT_TRUE(adapters) << adapters.error().message();
  EXPECT_EQ(adapters->size(), 2u);
  EXPECT_EQ(adapters->at("polite"), "/models/a b.gguf");
  EXPECT_EQ(adapters->at("short"), "s=1.gguf");
  EXPECT_TRUE(parse_adapters("  ")->empty());
}

TEST(RunSettings, RefusesAListThatIsNone) {
  for (const char* text : {"polite", "=file", "polite=", "a=1,,b=2", "a=1,a=2"}) {
    const auto refused = parse_adapters(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(RunSettings, DeclaresDefaultsThatAreRight) {
  core::SettingsRegistry registry;
  EXPECT_NO_THROW(registry.declare(run_settings()));
}

}  // namespace
}  // namespace zubr::engine
