#include "engine/generate/generation_job.h"

#include <utility>

namespace zubr::engine {

void GenerationJob::publish(inference::Event event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  changed_.notify_one();
}

void GenerationJob::conclude(Result<inference::Generation> outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (!outcome_) outcome_ = std::move(outcome);
  }
  changed_.notify_one();
}

std::optional<Result<inference::Generation>> GenerationJob::wait(const inference::EventSink& sink,
                                                                 std::stop_token stop) {
  while (true) {
    std::vector<inference::Event> events;
    std::optional<Result<inference::Generation>> outcome;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [this] { return !events_.empty() || outcome_; });
      if (stop.stop_requested()) return std::nullopt;
      events.swap(events_);
      outcome = outcome_;
    }
    for (const inference::Event& event : events) {
      if (stop.stop_requested()) return std::nullopt;
      if (sink) sink(event);
    }
    if (outcome) return outcome;
  }
}

}  // namespace zubr::engine
