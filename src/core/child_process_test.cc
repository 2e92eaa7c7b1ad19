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

TEST(ChildProcess, HandsOverLinesAlsoALastOneWithoutAnEnd) {
  std::vector<std::string> lines;
  const auto status = lines_of("/bin/sh", {"-c", "echo one; echo; printf two; exit 5"},
                               [&](std::string_view line) { lines.emplace_back(line); }, {});
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(*status, 5);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "", "two"}));
}

TEST(ChildProcess, IsAskedToStopAndMaySayMoreBeforeItEnds) {
  std::stop_source stop;
  std::vector<std::string> lines;
  const auto status = lines_of(
      "/bin/sh", {"-c", "trap 'echo saved; exit 7' TERM; echo ready; while :; do sleep 0.05; done"},
      [&](std::string_view line) {
        lines.emplace_back(line);
        stop.request_stop();
      },
      stop.get_token());
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(*status, 7);
  EXPECT_EQ(lines, (std::vector<std::string>{"ready", "saved"}));
}

TEST(ChildProcess, TellsTheSignalThatEndedALineWriter) {
  EXPECT_EQ(lines_of("/bin/sh", {"-c", "kill -KILL $$"}, [](std::string_view) {}, {}).value(), 128 + 9);
  EXPECT_FALSE(lines_of("/nowhere/at/all", {}, [](std::string_view) {}, {}));
}

TEST(ChildProcess, OwnProgramIsOne) { EXPECT_TRUE(std::filesystem::exists(own_program())); }

}  // namespace
}  // namespace zubr::core
