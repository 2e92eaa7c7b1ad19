#include "train/schedule.h"

#include <gtest/gtest.h>

namespace zubr::train {
namespace {

TEST(Schedule, RisesInAStraightLineThenFollowsACosineToItsFloor) {
  const Schedule schedule{.peak = 1, .floor = 0.1, .warm_up = 10, .steps = 110};
  EXPECT_DOUBLE_EQ(schedule.at(0), 0.1);
  EXPECT_DOUBLE_EQ(schedule.at(4), 0.5);
  EXPECT_DOUBLE_EQ(schedule.at(9), 1);
  EXPECT_DOUBLE_EQ(schedule.at(10), 1);
  EXPECT_NEAR(schedule.at(60), 0.55, 1e-12);  // half-way down
  EXPECT_NEAR(schedule.at(110), 0.1, 1e-12);
  EXPECT_NEAR(schedule.at(1000), 0.1, 1e-12);
  for (int step = 10; step < 110; ++step) EXPECT_GT(schedule.at(step), schedule.at(step + 1));
}

TEST(Schedule, StaysLevelUntilToldToEnd) {
  const Schedule schedule{.peak = 2, .warm_up = 1, .steps = 20, .decay_from = 10, .shape = Schedule::Shape::kLevel};
  EXPECT_DOUBLE_EQ(schedule.at(5), 2);
  EXPECT_DOUBLE_EQ(schedule.at(9), 2);
  EXPECT_DOUBLE_EQ(schedule.at(15), 1);
  EXPECT_DOUBLE_EQ(schedule.at(20), 0);
}

}  // namespace
}  // namespace zubr::train
