#include "core/text_file.h"

#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::core {
namespace {

TEST(TextFile, ComesBackAsItWasWritten) {
  const TempDir dir;
  const auto file = dir.path() / "a" / "b.txt";
  const std::string text = std::string("zażółć\n\0gęślą", 20);
  ASSERT_TRUE(write_text_file(file, text));
  EXPECT_EQ(read_text_file(file, 100).value(), text);
}

TEST(TextFile, LeavesNoTemporaryFileBeside) {
  const TempDir dir;
  ASSERT_TRUE(write_text_file(dir.path() / "x", "1"));
  ASSERT_TRUE(write_text_file(dir.path() / "x", "2"));
  int files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) ++files;
  EXPECT_EQ(files, 1);
  EXPECT_EQ(read_text_file(dir.path() / "x", 10).value(), "2");
}

TEST(TextFile, SaysWhatIsWrong) {
  const TempDir dir;
  const auto missing = read_text_file(dir.path() / "none", 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("none"), std::string::npos);
  EXPECT_EQ(read_text_file(dir.path(), 10).error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(write_text_file(dir.path() / "big", "12345"));
  EXPECT_EQ(read_text_file(dir.path() / "big", 4).error().code(), ErrorCode::kTooLarge);
}

TEST(TextFile, AFileInTheWayOfAFolderIsAnError) {
  const TempDir dir;
  ASSERT_TRUE(write_text_file(dir.path() / "file", "x"));
  EXPECT_FALSE(write_text_file(dir.path() / "file" / "inner", "x"));
}

}  // namespace
}  // namespace zubr::core
