// WorkerPool: a bounded number of threads for calls that block, and a bounded queue before them.
//
// Threads: submit() from any thread; jobs run on the pool's. A thread is made when a job finds none free, and lives
// until join(). A job whose stop_token was triggered while it waited still runs (it must tell its client), but gives up
// its place in the count of the queue.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace zubr::server {

class WorkerPool {
 public:
  WorkerPool(int threads, int queue);
  ~WorkerPool();

  // False when `threads` jobs run and `queue` wait.
  bool submit(std::function<void()> run, std::stop_token stop);
  // Waits for all jobs and ends the threads; submit() is false from then on.
  void join();

  int waiting() const;

 private:
  struct Job {
    std::function<void()> run;
    std::stop_token stop;
  };
  void work();
  std::size_t wanted() const;  // waiting jobs that somebody still wants; mutex_ held

  const std::size_t max_threads_;
  const std::size_t max_queue_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace zubr::server
