#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include "core/text_file.h"

namespace zubr::cli {
namespace {

TEST(ExitCode, FollowsTheKindOfError) {
  EXPECT_EQ(exit_code(ErrorCode::kInternal), 1);
  EXPECT_EQ(exit_code(ErrorCode::kInvalidArgument), 2);
  EXPECT_EQ(exit_code(ErrorCode::kAlreadyExists), 2);
  EXPECT_EQ(exit_code(ErrorCode::kNotFound), 3);
  EXPECT_EQ(exit_code(ErrorCode::kCorrupt), 4);
  EXPECT_EQ(exit_code(ErrorCode::kUnsupported), 5);
  EXPECT_EQ(exit_code(ErrorCode::kDiskFull), 6);
  EXPECT_EQ(exit_code(ErrorCode::kOutOfMemory), 7);
  EXPECT_EQ(exit_code(ErrorCode::kRateLimited), 8);
  EXPECT_EQ(exit_code(ErrorCode::kPrivacy), 9);
  EXPECT_EQ(exit_code(ErrorCode::kCancelled), 130);
}

TEST(ExitCode, ThePageNamesEveryErrorOnce) {
  const std::string page = exit_codes_markdown();
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const std::string name = "`" + std::string(core::error_name(static_cast<ErrorCode>(i))) + "`";
    const auto first = page.find(name);
    ASSERT_NE(first, std::string::npos) << name;
    EXPECT_EQ(page.find(name, first + 1), std::string::npos) << name;
  }
}

TEST(ExitCode, ThePageInDocsIsTheOneTheProgramPrints) {
  const auto page = core::read_text_file("docs/exit-codes.md", 1 << 20);
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(*page, exit_codes_markdown()) << "run: zubr help exit-codes > docs/exit-codes.md";
}

}  // namespace
}  // namespace zubr::cli
