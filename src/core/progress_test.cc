#include "core/progress.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace zubr::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LiveLine, ShowsRateAndRemainingTime) {
  EXPECT_EQ(live_line({"evaluating", "rows", 5000, 20000, seconds(5)}, 0),
            "evaluating: 5,000 of 20,000 rows, 25 %, 1,000 rows/s, 15 s left");
}

TEST(LiveLine, ShowsOnlyTheCountWhenTheTotalIsUnknown) {
  EXPECT_EQ(live_line({"reading", "rows", 5000, 0, seconds(2)}, 0), "reading: 5,000 rows, 2,500 rows/s");
}

TEST(LiveLine, GivesNoRateInTheFirstSecond) {
  EXPECT_EQ(live_line({"evaluating", "rows", 1, 10, milliseconds(10)}, 0), "evaluating: 1 of 10 rows, 10 %");
}

TEST(LiveLine, IsCutAtTheWidthBetweenCharacters) {
  EXPECT_EQ(live_line({"żółw", "rows", 1, 10, milliseconds(10)}, 3), "żół");
}

TEST(StageLine, SaysHowMuchInWhatTime) {
  EXPECT_EQ(stage_line({"evaluating", "rows", 20000, 20000, seconds(20)}),
            "evaluating: 20,000 rows in 20 s, 1,000 rows/s");
}

TEST(StageLine, GivesOnlyTheTimeWhereNothingWasCounted) {
  EXPECT_EQ(stage_line({"looking", "rows", 0, 10, seconds(13)}), "looking: 13 s");
}

class ProgressMeterTest : public testing::Test {
 protected:
  FakeClock clock_;
  std::string out_;
  ProgressMeter::Sink sink_ = [this](std::string_view text) { out_ += text; };
};

TEST_F(ProgressMeterTest, RedrawsAtMostTenTimesASecond) {
  ProgressMeter meter(clock_, ProgressStyle::kLive, 80, sink_);
  meter.start("evaluating", "rows");
  for (int i = 1; i <= 1000; ++i) {
    clock_.advance(milliseconds(1));
    meter.update(i, 1000);
  }
  EXPECT_EQ(std::ranges::count(out_, '\r'), 11);  // the first, then one every 100 ms
}

TEST_F(ProgressMeterTest, ClearsTheLiveLineAtTheEnd) {
  ProgressMeter meter(clock_, ProgressStyle::kLive, 80, sink_);
  meter.start("evaluating", "rows");
  meter.finish();
  EXPECT_TRUE(out_.ends_with("\r\x1b[K"));
}

TEST_F(ProgressMeterTest, PrintsOneLineAStageWhereThereIsNoTerminal) {
  {
    ProgressMeter meter(clock_, ProgressStyle::kPlain, 80, sink_);
    meter.start("reading", "rows");
    for (int i = 1; i <= 100; ++i) {
      clock_.advance(milliseconds(50));
      meter.update(i, 0);
    }
    meter.start("evaluating", "rows");
    clock_.advance(milliseconds(500));
    meter.update(7, 7);
  }
  EXPECT_EQ(out_, "reading: 100 rows in 5.0 s, 20.0 rows/s\nevaluating: 7 rows in 0.5 s\n");
}

TEST_F(ProgressMeterTest, IsSilentWhenTurnedOff) {
  {
    ProgressMeter meter(clock_, ProgressStyle::kNone, 80, sink_);
    meter.start("reading", "rows");
    clock_.advance(seconds(5));
    meter.update(1, 2);
  }
  EXPECT_EQ(out_, "");
}

}  // namespace
}  // namespace zubr::core
