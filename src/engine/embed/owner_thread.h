// OwnerThread: does jobs on one and the same thread, one after the other. ggml keeps a pool of workers for every thread
// that computes, so a context is best used from one thread only.
//
// Threads: run() from any thread; it returns when the job is done. No run() during or after the destructor.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace zubr::engine {

class OwnerThread {
 public:
  OwnerThread() : thread_([this](std::stop_token stop) { loop(stop); }) {}

  // `job` must not throw.
  void run(const std::function<void()>& job);

 private:
  struct Entry {
    const std::function<void()>* job;
    bool done = false;
  };
  void loop(std::stop_token stop);

  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::condition_variable finished_;
  std::deque<Entry*> entries_;  // guarded by mutex_, and so is what they point to
  std::jthread thread_;
};

}  // namespace zubr::engine
