// StepPlanner: which tokens go through the model next. A pure state machine for continuous batching: events in, a Step
// out; no model, no clock, no threads.
//
//   planner.submit(7, prompt, 100);
//   while (planner.busy()) {
//     const Step step = planner.next();
//     … clear what step.forget and step.admitted say, decode step.feeds, sample where a feed wants logits …
//     if (!planner.sampled(7, token) || is_end(token)) planner.finish(7);
//   }
//
// A step carries one token of every generating sequence, and a chunk of the prompts that are still being read, divided
// evenly, so that neither a long prompt nor a long answer holds up the others. A request is admitted, first come first
// served, when a slot (a sequence of the context) is free and the KV cells it may need in the worst case can be
// reserved: a running generation never runs out of cells. A finished slot keeps its tokens until the room is needed,
// and a later prompt that begins with the same tokens does not evaluate them again.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "engine/llama/tokenizer.h"

namespace zubr::engine {

using RequestId = std::uint64_t;

struct PlannerLimits {
  int slots = 4;              // sequences that run at the same time
  int context_tokens = 0;     // the most tokens one sequence may hold
  std::int64_t cells = 0;     // KV cells of all sequences together; at least context_tokens
  int step_tokens = 512;      // the most tokens in one step
  int prompt_beside = 64;     // of them prompt tokens, in a step in which others wait for their next token
  std::size_t waiting = 256;  // requests that may wait
  int shortest_reuse = 8;     // a common beginning shorter than this is not worth a slot's other contents
};

// A request got a slot. What the slot holds from position `keep` on is to be removed; when that cannot be done, remove
// all of it and call StepPlanner::lost_prefix before the next next().
struct Admission {
  RequestId id = 0;
  int slot = 0;
  int keep = 0;
};

// Tokens to evaluate: positions position … position + tokens.size() - 1 of the slot's sequence.
struct Feed {
  RequestId id = 0;
  int slot = 0;
  int position = 0;
  Tokens tokens;
  bool wants_logits = false;  // of the last of them
  bool is_prompt = false;
};

struct Step {
  std::vector<int> forget;  // slots to empty
  std::vector<Feed> feeds;
};

class StepPlanner {
 public:
  explicit StepPlanner(PlannerLimits limits);

  // False when the queue is full. `prompt` has 1 … context_tokens tokens; max_new: the most tokens to sample, -1 = as
  // many as fit.
  bool submit(RequestId id, Tokens prompt, int max_new);

  // Gives free slots to waiting requests; call before next().
  std::vector<Admission> admit();
  // The kept prefix could not be kept: the whole prompt is to be evaluated.
  void lost_prefix(RequestId id);

  // The next step; without feeds when there is nothing to do. What it contains counts as evaluated.
  Step next();

  // A token was sampled from this request's logits. False when it was the last one that max_new or the context allow.
  bool sampled(RequestId id, Token token);

  // The request is over; its tokens stay in the slot for later prompts.
  void finish(RequestId id);
  // The request is over or was never started; its slot is emptied by the next step.
  void drop(RequestId id);

  bool busy() const { return !waiting_.empty() || running_ > 0; }
  std::size_t waiting() const { return waiting_.size(); }
  int running() const { return running_; }

 private:
  struct Waiting {
    RequestId id;
    Tokens prompt;
    int max_new;
  };
  struct Slot {
    bool taken = false;
    RequestId id = 0;
    Tokens tokens;           // what the slot's sequence holds
    Tokens todo;             // what is to be evaluated next: rest of the prompt, or the last sampled token
    std::size_t prompt = 0;  // tokens of the prompt
    int room = 0;            // tokens that may still be sampled
    std::int64_t reserved = 0;
    std::uint64_t last_use = 0;
    bool reading = false;  // still evaluating the prompt
    bool forget = false;
  };

  Slot* find(RequestId id);
  int choose_slot(const Tokens& prompt) const;
  bool make_room(int chosen, std::int64_t need);
  void take(Slot& slot, Feed& feed, std::size_t count);

  PlannerLimits limits_;
  std::deque<Waiting> waiting_;
  std::vector<Slot> slots_;
  int running_ = 0;
  std::uint64_t uses_ = 0;
};

}  // namespace zubr::engine
