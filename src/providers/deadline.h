// A stop token that is also asked to stop when a time has passed.
//
// Costs a thread while a deadline is set, nothing without one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace zubr::providers {

class Deadline {
 public:
  Deadline(std::optional<std::chrono::steady_clock::time_point> at, std::stop_token outer)
      : outer_(std::move(outer)), forward_(outer_, [this] { source_.request_stop(); }) {
    if (at) watch_ = std::jthread([this, when = *at](std::stop_token over) { wait(when, over); });
  }

  std::stop_token token() const { return source_.get_token(); }
  bool passed() const { return passed_; }

 private:
  void wait(std::chrono::steady_clock::time_point when, const std::stop_token& over) {
    std::mutex mutex;
    std::condition_variable_any ended;
    std::unique_lock lock(mutex);
    ended.wait_until(lock, over, when, [] { return false; });
    if (over.stop_requested()) return;
    passed_ = true;
    source_.request_stop();
  }

  std::stop_token outer_;
  std::stop_source source_;
  std::stop_callback<std::function<void()>> forward_;
  std::atomic<bool> passed_ = false;
  std::jthread watch_;
};

}  // namespace zubr::providers
