#include "core/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <stdexcept>

namespace zubr::core {
namespace {

TEST(ChildProcess, ReturnsTheTextOfItsWork) {
  const std::string large(200000, 'x');
  EXPECT_EQ(run_in_child([&] { return large; }).value(), large);
}

TEST(ChildProcess, NamesTheSignalThatKilledIt) {
  const auto result = run_in_child([]() -> std::string {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
    return "alive";
  });
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("signal 11"), std::string::npos) << result.error().message();
}

TEST(ChildProcess, AnExceptionInTheChildIsAnErrorHere) {
  EXPECT_EQ(run_in_child([]() -> std::string { throw std::runtime_error("x"); }).error().code(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace zubr::core
