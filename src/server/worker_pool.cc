#include "server/worker_pool.h"

#include <algorithm>
#include <system_error>

namespace zubr::server {

WorkerPool::WorkerPool(int threads, int queue)
    : max_threads_(static_cast<std::size_t>(std::max(threads, 1))),
      max_queue_(static_cast<std::size_t>(std::max(queue, 0))) {}

WorkerPool::~WorkerPool() { join(); }

std::size_t WorkerPool::wanted() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(jobs_, [](const Job& job) { return !job.stop.stop_requested(); }));
}

bool WorkerPool::submit(std::function<void()> run, std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  const std::size_t free = idle_ + (max_threads_ - threads_.size());
  if (jobs_.size() >= free + max_queue_ && wanted() >= free + max_queue_) return false;
  if (jobs_.size() >= idle_ && threads_.size() < max_threads_) {
    try {
      threads_.emplace_back([this] { work(); });
      ++idle_;
    } catch (const std::system_error&) {  // the system has no thread for us: those that are there must do
      if (threads_.empty()) return false;
    }
  }
  jobs_.push_back({std::move(run), std::move(stop)});
  ready_.notify_one();
  return true;
}

int WorkerPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(jobs_.size());
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {  // idle_ counts this thread already
    ready_.wait(lock, [&] { return !jobs_.empty() || closed_; });
    --idle_;
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.run();
    job = {};
    lock.lock();
    ++idle_;
  }
}

void WorkerPool::join() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    threads = std::move(threads_);
    threads_.clear();
  }
  ready_.notify_all();
  for (auto& thread : threads) thread.join();
}

}  // namespace zubr::server
