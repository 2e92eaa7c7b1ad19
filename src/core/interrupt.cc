#include "core/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

namespace zubr::core {
namespace {

constexpr int kCancelledStatus = 130;

// What a signal handler may touch: lock-free atomics and write().
std::atomic<int> pending_signals{0};
std::atomic<int> wake_descriptor{-1};

void on_signal(int) {
  const int saved = errno;
  if (pending_signals.fetch_add(1) >= 1) ::_exit(kCancelledStatus);
  const char byte = 's';
  [[maybe_unused]] const ssize_t written = ::write(wake_descriptor.load(), &byte, 1);
  errno = saved;
}

}  // namespace

struct Interrupt::State {
  int pipe[2] = {-1, -1};
  struct sigaction old_int {
  }, old_term{};
  mutable std::mutex mutex;
  std::stop_source source;  // guarded by mutex
  std::thread listener;

  void listen() {
    for (;;) {
      char byte = 0;
      const ssize_t got = ::read(pipe[0], &byte, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got != 1 || byte == 'q') return;
      std::stop_source to_stop;
      {
        const std::lock_guard lock(mutex);
        to_stop = source;
      }
      to_stop.request_stop();
    }
  }
};

Interrupt::Interrupt() : state_(std::make_unique<State>()) {
  if (::pipe2(state_->pipe, O_CLOEXEC) != 0) return;  // no descriptors left: signals keep their default effect
  pending_signals = 0;
  wake_descriptor = state_->pipe[1];
  state_->listener = std::thread([state = state_.get()] { state->listen(); });
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &state_->old_int);
  ::sigaction(SIGTERM, &action, &state_->old_term);
}

Interrupt::~Interrupt() {
  if (!state_->listener.joinable()) return;
  ::sigaction(SIGINT, &state_->old_int, nullptr);
  ::sigaction(SIGTERM, &state_->old_term, nullptr);
  const char quit = 'q';
  [[maybe_unused]] const ssize_t written = ::write(state_->pipe[1], &quit, 1);
  state_->listener.join();
  wake_descriptor = -1;
  ::close(state_->pipe[0]);
  ::close(state_->pipe[1]);
}

std::stop_token Interrupt::token() const {
  const std::lock_guard lock(state_->mutex);
  return state_->source.get_token();
}

void Interrupt::reset() {
  const std::lock_guard lock(state_->mutex);
  if (state_->source.stop_requested()) state_->source = std::stop_source();
  pending_signals = 0;
}

}  // namespace zubr::core
