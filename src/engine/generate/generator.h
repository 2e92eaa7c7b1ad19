// Generator: runs generations on one model, several at a time.
//
// One thread of its own holds the llama context and does step after step (step_planner.h); callers block in generate(),
// and their sinks run on their own threads, so that a slow reader holds up nobody else. The thread and the context
// (the KV cache, up to an eighth of the memory) come into being with the first generation.
//
// Threads: generate() and stop() from any thread at once; the destructor when no thread is inside generate() any more.
// Failure: kUnavailable when too many wait, or too many of this client; kTooLarge when the prompt does not fit;
// kInvalidArgument for a request that cannot be honoured, always before the first event; kCancelled within one step of
// a stop request, and kTimeout of the request's deadline; kInternal or kOutOfMemory when the model fails.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "core/result.h"
#include "engine/llama/adapters.h"
#include "engine/llama/grammar.h"
#include "engine/llama/model.h"
#include "engine/run_options.h"
#include "inference/generation.h"

namespace zubr::engine {

struct GeneratorOptions {
  int parallel = 4;           // generations that run at the same time
  std::size_t waiting = 256;  // generations that may wait for their turn
  int kept = -1;              // prompts of earlier generations to keep; -1 = as many as run, and eight
  int step_tokens = 512;      // StepPlanner's limits
  int prompt_beside = 64;
  std::int64_t cells = 0;       // KV cells; 0 = enough for all, within an eighth of the memory
  bool shrink_context = false;  // nobody asked for this context: it may be made smaller to save memory
  CacheType cache = CacheType::kF16;
  FlashAttention flash = FlashAttention::kAuto;
  std::shared_ptr<Adapters> adapters = nullptr;  // shared with the engine; null: none
  std::shared_ptr<const Model> draft = nullptr;  // RunOptions::draft, of the same vocabulary
  int drafts = 4;
};

class Generator {
 public:
  Generator(std::shared_ptr<const Model> model, const GeneratorOptions& options);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Ends what is running and waiting with kCancelled, and what comes later, too. Does not wait.
  void stop();

  // The most tokens that prompt and answer may have together.
  int context_tokens() const;

  // Since the first generation.
  struct Counts {
    std::uint64_t prompt_tokens = 0;  // of all admitted requests
    std::uint64_t evaluated_prompt_tokens = 0;
    std::uint64_t steps = 0;
    std::uint64_t drafted_tokens = 0;
    std::uint64_t accepted_tokens = 0;  // of them, that were right
    int running = 0;
    int waiting = 0;
    std::int64_t cells_in_use = 0;
    std::int64_t cells = 0;
  };
  Counts counts() const;

  // Of the request: max_tokens, context_tokens, client, deadline, adapters, sampling, stop, top_logprobs and
  // json_schema. `prompt`: its text as tokens. `grammar`: holds instead of json_schema where it has a text.
  Result<inference::Generation> generate(Tokens prompt, const inference::GenerateRequest& request,
                                         const inference::EventSink& sink, std::stop_token stop,
                                         GrammarSpec grammar = {});

 private:
  class Worker;
  Result<Worker*> started();

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zubr::engine
