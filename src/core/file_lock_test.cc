#include "core/file_lock.h"

#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::core {
namespace {

using std::chrono::milliseconds;

TEST(FileLock, KeepsAnotherHolderOutUntilItGoes) {
  const TempDir dir;
  const auto file = dir.path() / "a" / ".lock";
  {
    const auto first = FileLock::acquire(file);
    ASSERT_TRUE(first) << first.error().message();
    const auto second = FileLock::acquire(file, milliseconds(0));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), ErrorCode::kTimeout);
    EXPECT_NE(second.error().message().find(".lock"), std::string::npos);
  }
  EXPECT_TRUE(FileLock::acquire(file, milliseconds(0)));
}

}  // namespace
}  // namespace zubr::core
