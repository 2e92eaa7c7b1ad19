// A FakeBackend whose generate() is a function that the test wrote.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <utility>

#include "inference/fake_backend.h"

namespace zubr::server::testing {

inline constexpr std::chrono::seconds kPatience{20};  // longer than anything takes that works

// Something that happens once; a test waits for it instead of sleeping.
class Signal {
 public:
  void set() {
    if (!done_.exchange(true)) promise_.set_value();
  }
  bool wait() const { return future_.wait_for(kPatience) == std::future_status::ready; }
  bool is_set() const { return done_; }

 private:
  std::atomic<bool> done_{false};
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

class ScriptBackend : public inference::FakeBackend {
 public:
  using Script = std::function<Result<inference::Generation>(const inference::GenerateRequest&,
                                                             const inference::EventSink&, std::stop_token)>;
  explicit ScriptBackend(Script script) : script_(std::move(script)) {}

  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink& sink,
                                         std::stop_token stop) override {
    return script_(request, sink, std::move(stop));
  }

  // Says "x" until it is stopped; `stopped` is set when it sees that.
  static Script endless(Signal& started, Signal& stopped) {
    return [&](const auto&, const auto& sink, std::stop_token stop) -> Result<inference::Generation> {
      while (!stop.stop_requested()) {
        sink(inference::TextDelta{"x"});
        started.set();
      }
      stopped.set();
      return fail(ErrorCode::kCancelled, "stopped");
    };
  }

  // Says "x" once (when `speak`) and then nothing until it is stopped or released.
  static Script silent(Signal& started, Signal& stopped, Signal& release, bool speak = true) {
    return [&, speak](const auto&, const auto& sink, std::stop_token stop) -> Result<inference::Generation> {
      if (speak) sink(inference::TextDelta{"x"});
      std::stop_callback on_stop(stop, [&] { release.set(); });
      started.set();
      release.wait();
      if (stop.stop_requested()) {
        stopped.set();
        return fail(ErrorCode::kCancelled, "stopped");
      }
      return inference::Generation{.text = "x", .usage = {.prompt_tokens = 2, .completion_tokens = 1}};
    };
  }

 private:
  Script script_;
};

}  // namespace zubr::server::testing
