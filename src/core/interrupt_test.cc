#include "core/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>

namespace zubr::core {
namespace {

// Waits until the token is asked to stop; the test's timeout is the limit.
void wait_for_stop(std::stop_token token) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, token, [] { return false; });
}

TEST(Interrupt, ASignalAsksTheTokenToStop) {
  Interrupt interrupt;
  const std::stop_token token = interrupt.token();
  EXPECT_FALSE(token.stop_requested());
  ::raise(SIGINT);
  wait_for_stop(token);
  EXPECT_TRUE(token.stop_requested());
}

TEST(Interrupt, ResetGivesAFreshTokenAndForgetsTheSignal) {
  Interrupt interrupt;
  for (int round = 0; round < 3; ++round) {
    const std::stop_token token = interrupt.token();
    EXPECT_FALSE(token.stop_requested());
    ::raise(SIGTERM);
    wait_for_stop(token);
    interrupt.reset();
  }
}

TEST(InterruptDeathTest, ASecondSignalEndsTheProcessAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Interrupt interrupt;
        ::raise(SIGINT);
        wait_for_stop(interrupt.token());
        ::raise(SIGINT);
      },
      testing::ExitedWithCode(130), "");
}

TEST(Interrupt, CanBeMadeAgainAfterItIsGone) {
  for (int i = 0; i < 3; ++i) {
    Interrupt interrupt;
    ::raise(SIGINT);
    wait_for_stop(interrupt.token());
  }
}

}  // namespace
}  // namespace zubr::core
