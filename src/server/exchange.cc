#include "server/exchange.h"

#include <utility>

namespace zubr::server {

Exchange::Exchange(std::size_t buffer_bytes, std::function<void()> wake)
    : buffer_bytes_(buffer_bytes), wake_(std::move(wake)) {}

void Exchange::notify(std::unique_lock<std::mutex> lock) {
  const bool first = !std::exchange(notified_, true);
  lock.unlock();
  if (first && wake_) wake_();
}

void Exchange::send(Response response) {
  std::unique_lock lock(mutex_);
  if (std::exchange(answered_, true)) return;
  pending_.response = std::move(response);
  pending_.ended = true;
  notify(std::move(lock));
}

void Exchange::begin(ResponseHead head) {
  std::unique_lock lock(mutex_);
  if (std::exchange(answered_, true)) return;
  pending_.head = std::move(head);  // no notify: the first bytes follow at once and go out together with it
}

bool Exchange::write(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  const bool fits = room_.wait(lock, stop_.get_token(), [&] { return pending_.bytes.size() < buffer_bytes_; });
  if (!fits || stop_.stop_requested()) return false;
  pending_.bytes += bytes;
  notify(std::move(lock));
  return true;
}

void Exchange::end(std::string_view last, bool broken) {
  std::unique_lock lock(mutex_);
  if (pending_.ended) return;
  if (!gone_) pending_.bytes += last;
  pending_.ended = true;
  pending_.broken = broken;
  notify(std::move(lock));
}

bool Exchange::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

Exchange::Taken Exchange::take() {
  const std::lock_guard lock(mutex_);
  notified_ = false;
  Taken taken = std::exchange(pending_, {});
  pending_.ended = taken.ended;
  if (!taken.bytes.empty()) room_.notify_all();
  return taken;
}

void Exchange::abandon() {
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    pending_ = {};
  }
  stop_.request_stop();
}

}  // namespace zubr::server
