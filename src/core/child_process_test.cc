#include "core/child_process.h"

#include <gtest/gtest.h>

namespace zubr::core {
namespace {

Result<std::string> shell(const std::string& script) { return output_of("/bin/sh", {"-c", script}); }

TEST(ChildProcess, ReturnsWhatItWrites) {
  EXPECT_EQ(shell("head -c 200000 /dev/zero | tr '\\0' x").value(), std::string(200000, 'x'));
}

TEST(ChildProcess, NamesTheSignalThatKilledIt) {
  const auto result = shell("kill -SEGV $$");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("signal 11"), std::string::npos) << result.error().message();
}

TEST(ChildProcess, NamesTheStatusItEndsWith) {
  const auto result = shell("echo half; exit 3");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("status 3"), std::string::npos) << result.error().message();
}

TEST(ChildProcess, AProgramThatIsNotThereIsAnError) {
  const auto result = output_of("/nowhere/at/all", {});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("/nowhere/at/all"), std::string::npos) << result.error().message();
}

TEST(ChildProcess, OwnProgramIsOne) { EXPECT_TRUE(std::filesystem::exists(own_program())); }

}  // namespace
}  // namespace zubr::core
