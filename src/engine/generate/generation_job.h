// One generation on its way: what the caller's thread and the generator's thread share of it.
//
// Ownership: shared by the caller that waits for the outcome and the generator that produces it, whoever is last.
// Threads: the members above the line belong to the generator's thread once the job is submitted; publish() and
// conclude() are its side, wait() is the caller's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/generate/step_planner.h"
#include "engine/generate/stop_filter.h"
#include "engine/llama/sampler.h"
#include "inference/generation.h"

namespace zubr::engine {

class GenerationJob {
 public:
  GenerationJob(const Tokenizer& tokenizer, PlannedRequest wanted, std::vector<std::string> stops,
                std::unique_ptr<Sampler> picks)
      : id(wanted.id),
        request(std::move(wanted)),
        sampler(std::move(picks)),
        text(tokenizer),
        filter(std::move(stops)) {}

  const RequestId id;
  PlannedRequest request;
  std::unique_ptr<Sampler> sampler;
  DetokenizeStream text;
  StopFilter filter;
  inference::Generation result;
  int top_logprobs = -1;
  std::vector<inference::TokenLogprobs> unsaid;  // of tokens whose text is held back
  std::chrono::steady_clock::time_point admitted_at, first_token_at;
  // ----
  void publish(inference::Event event);
  void conclude(Result<inference::Generation> outcome);
  // Hands events to the sink, on this thread, until the outcome is there. None when a stop was asked for.
  std::optional<Result<inference::Generation>> wait(const inference::EventSink& sink, std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<inference::Event> events_;                  // guarded by mutex_
  std::optional<Result<inference::Generation>> outcome_;  // guarded by mutex_
};

}  // namespace zubr::engine
