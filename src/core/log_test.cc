#include "core/log.h"

#include <gtest/gtest.h>

namespace zubr::core {
namespace {

TEST(Log, IsQuietBelowItsLevel) {
  ASSERT_TRUE(set_log_level("warn"));
  EXPECT_FALSE(log_enabled(LogLevel::kInfo));
  EXPECT_TRUE(log_enabled(LogLevel::kWarn));
  testing::internal::CaptureStderr();
  log_info("not {}", "this");
  log_warn("but {}", "that");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("not this"), std::string::npos);
  EXPECT_NE(text.find("warning: but that\n"), std::string::npos) << text;
}

TEST(Log, KnowsItsLevelsByName) {
  EXPECT_FALSE(set_log_level("loud"));
  ASSERT_TRUE(set_log_level("off"));
  EXPECT_FALSE(log_enabled(LogLevel::kError));
  EXPECT_TRUE(set_log_level("warn"));
}

}  // namespace
}  // namespace zubr::core
