// Exchange: how an answer gets from the thread that makes it to the connection that sends it.
//
// Shared by two: the handler writes (one thread, may block), the connection takes (its I/O thread, never blocks). What
// is written and not yet taken is bounded; a full buffer makes the writer wait, and so the Backend. The stop_token is
// how the other way works: the client went away, or the server stops.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/message.h"

namespace zubr::server {

class Exchange {
 public:
  // `wake` is called, from any thread and without a lock held, when there is something to take after there was nothing.
  Exchange(std::size_t buffer_bytes, std::function<void()> wake);

  // The handler's end: either send(), or begin(), any number of write(), end().
  void send(Response response);
  void begin(ResponseHead head);
  // Waits while the buffer is full. False, and the bytes are dropped, once a stop is asked for.
  bool write(std::string_view bytes);
  // `last` is sent even when a stop is asked for, so that the client hears why. `broken`: the connection is then
  // closed. The first end counts.
  void end(std::string_view last = {}, bool broken = false);
  bool answered() const;  // send() or begin() was called
  std::stop_token stop_token() const { return stop_.get_token(); }

  // The connection's end.
  struct Taken {
    std::optional<Response> response;  // a whole answer: nothing else follows
    std::optional<ResponseHead> head;
    std::string bytes;
    bool ended = false;
    bool broken = false;
  };
  Taken take();
  void abandon();  // the client is gone: stop, and forget what is written
  void cancel() { stop_.request_stop(); }

 private:
  void notify(std::unique_lock<std::mutex> lock);

  const std::size_t buffer_bytes_;
  const std::function<void()> wake_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  Taken pending_;
  bool notified_ = false;
  bool answered_ = false;
  bool gone_ = false;
};

}  // namespace zubr::server
