// Progress of long work: done, rate, remaining time. On a terminal one live line, redrawn at most ten times a second;
// elsewhere one line when a stage ends.
//
//   ProgressMeter meter(clock, ProgressStyle::kLive, 80, [](std::string_view text) { … });
//   meter.start("evaluating", "rows"); meter.update(5, 100); … meter.finish();
//
// One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace zubr::core {

struct ProgressView {
  std::string stage;  // already translated
  std::string unit;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0 = not known
  std::chrono::nanoseconds elapsed{0};
  std::int64_t already = 0;  // of `done`, before `elapsed` began: no part of the rate
};

// "evaluating: 5,000 of 20,000 rows, 25 %, 1,000 rows/s, 15 s left"; cut to `width` columns (0 = as long as it is).
std::string live_line(const ProgressView& view, std::size_t width);

// "evaluating: 20,000 rows in 20 s, 1,000 rows/s"; only the time where nothing was counted.
std::string stage_line(const ProgressView& view);

enum class ProgressStyle { kNone, kPlain, kLive };

class ProgressMeter {
 public:
  using Sink = std::function<void(std::string_view)>;
  // `clock` must outlive the meter. `sink` gets finished bytes for the terminal or the log.
  ProgressMeter(const Clock& clock, ProgressStyle style, std::size_t width, Sink sink);
  ~ProgressMeter() { finish(); }
  ProgressMeter(const ProgressMeter&) = delete;
  ProgressMeter& operator=(const ProgressMeter&) = delete;

  // Begins a stage; ends the one before. `already`: so much of it was done before.
  void start(std::string stage, std::string unit, std::int64_t already = 0);
  void update(std::int64_t done, std::int64_t total);
  // Ends the stage: clears the live line, or prints the stage's one line.
  void finish();
  // Ends the stage without a word: it failed, and the error will say so.
  void cancel();

 private:
  void draw();
  void erase();

  const Clock& clock_;
  ProgressStyle style_;
  std::size_t width_;
  Sink sink_;
  ProgressView view_;
  bool running_ = false;
  bool drawn_ = false;
  Clock::TimePoint started_{};
  Clock::TimePoint last_drawn_{};
};

}  // namespace zubr::core
