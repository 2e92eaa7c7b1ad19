#include "core/progress.h"

#include <algorithm>

#include "core/display.h"
#include "core/message.h"

namespace zubr::core {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
constexpr std::chrono::seconds kRateAfter{1};  // a rate of the first moments misleads

double seconds_of(const ProgressView& view) { return std::chrono::duration<double>(view.elapsed).count(); }
double rate_of(const ProgressView& view) {
  return seconds_of(view) > 0 ? static_cast<double>(view.done - view.already) / seconds_of(view) : 0;
}

// Cuts after `width` code points: near enough to columns for the Latin scripts that messages are in.
std::string cut(std::string text, std::size_t width) {
  if (width == 0) return text;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (columns++ == width) return text.substr(0, i);
  }
  return text;
}

}  // namespace

std::string live_line(const ProgressView& view, std::size_t width) {
  const std::string unit(translate(view.unit));
  std::string line =
      view.total > 0 ? message("{}: {} of {} {}", view.stage, display_count(view.done), display_count(view.total), unit)
                     : fmt::format("{}: {} {}", view.stage, display_count(view.done), unit);
  const double rate = rate_of(view);
  if (view.total > 0) line += fmt::format(", {} %", std::min<std::int64_t>(100, view.done * 100 / view.total));
  if (view.done > view.already && view.elapsed >= kRateAfter) {
    line += fmt::format(", {} {}/s", display_rate(rate), unit);
    if (view.total > view.done) {
      const std::chrono::duration<double> left(std::min(static_cast<double>(view.total - view.done) / rate, 1e9));
      line += message(", {} left", display_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(left)));
    }
  }
  return cut(std::move(line), width);
}

std::string stage_line(const ProgressView& view) {
  if (view.done == 0) return fmt::format("{}: {}", view.stage, display_duration(view.elapsed));
  const std::string unit(translate(view.unit));
  std::string line =
      message("{}: {} {} in {}", view.stage, display_count(view.done), unit, display_duration(view.elapsed));
  if (view.elapsed >= kRateAfter) line += fmt::format(", {} {}/s", display_rate(rate_of(view)), unit);
  return line;
}

ProgressMeter::ProgressMeter(const Clock& clock, ProgressStyle style, std::size_t width, Sink sink)
    : clock_(clock), style_(style), width_(width), sink_(std::move(sink)) {}

void ProgressMeter::start(std::string stage, std::string unit, std::int64_t already) {
  finish();
  view_ = {.stage = std::move(stage), .unit = std::move(unit), .done = already, .already = already};
  running_ = true;
  started_ = clock_.now();
  if (style_ == ProgressStyle::kLive) draw();
}

void ProgressMeter::update(std::int64_t done, std::int64_t total) {
  if (!running_) return;
  view_.done = done;
  view_.total = total;
  if (style_ == ProgressStyle::kLive && clock_.now() - last_drawn_ >= kRedrawInterval) draw();
}

void ProgressMeter::finish() {
  if (!running_) return;
  running_ = false;
  view_.elapsed = clock_.now() - started_;
  if (style_ == ProgressStyle::kPlain) sink_(stage_line(view_) + "\n");
  erase();
}

void ProgressMeter::cancel() {
  running_ = false;
  erase();
}

void ProgressMeter::erase() {
  if (drawn_) sink_("\r\x1b[K");
  drawn_ = false;
}

void ProgressMeter::draw() {
  last_drawn_ = clock_.now();
  view_.elapsed = last_drawn_ - started_;
  sink_(fmt::format("\r{}\x1b[K", live_line(view_, width_ > 1 ? width_ - 1 : width_)));
  drawn_ = true;
}

}  // namespace zubr::core
