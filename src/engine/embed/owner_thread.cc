#include "engine/embed/owner_thread.h"

namespace zubr::engine {

void OwnerThread::run(const std::function<void()>& job) {
  Entry entry{&job};
  std::unique_lock lock(mutex_);
  entries_.push_back(&entry);
  arrived_.notify_one();
  finished_.wait(lock, [&entry] { return entry.done; });
}

void OwnerThread::loop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (arrived_.wait(lock, stop, [this] { return !entries_.empty(); })) {
    Entry* entry = entries_.front();
    entries_.pop_front();
    lock.unlock();
    (*entry->job)();
    lock.lock();
    entry->done = true;
    finished_.notify_all();
  }
}

}  // namespace zubr::engine
