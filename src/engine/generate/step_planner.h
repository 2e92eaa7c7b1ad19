// StepPlanner: which tokens go through the model next. A pure state machine for continuous batching: events in, a Step
// out; no model, no clock, no threads.
//
//   planner.submit({.id = 7, .prompt = prompt, .max_new = 100});
//   while (planner.busy()) {
//     const Step step = planner.next(now);
//     … do step.changes in their order, decode step.feeds, sample where a feed wants logits …
//     if (!planner.sampled(7, token) || is_end(token)) planner.finish(7);
//   }
//
// A step carries one token of every generating sequence (more with drafts), and a chunk of the prompts that are still
// being read, divided evenly among clients and then among their requests: neither a long prompt nor a long answer holds
// up the others. With a step that costs a + b * tokens, the time between two tokens of an answer is at most
// a + b * (slots + prompt_beside) per flavour that runs, whatever comes.
//
// A request is admitted, in the order of FairQueue, when a slot is free and the KV cells that it may need in the worst
// case can be reserved: a running generation never runs out of cells. Beginnings are shared (prefix/prefix_tree.h):
// with what earlier requests left, with what running ones have evaluated, and with what a running one is about to
// evaluate: the later one then waits until it is there, and takes it over.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "engine/generate/fair_queue.h"
#include "engine/prefix/prefix_tree.h"

namespace zubr::engine {

struct PlannerLimits {
  int slots = 4;              // requests that run at the same time
  int sequences = 0;          // of the context, at least slots; what is over them keeps earlier prompts
  int context_tokens = 0;     // the most tokens one sequence may hold
  std::int64_t cells = 0;     // KV cells of all sequences together; at least context_tokens
  int step_tokens = 512;      // the most tokens in one step
  int prompt_beside = 64;     // of them prompt tokens, in a step in which others wait for their next token
  std::size_t waiting = 256;  // requests that may wait
  std::size_t waiting_of_a_client = 256;
  int shortest_reuse = 8;  // a common beginning shorter than this is not worth a copy
  bool cuts = true;        // a sequence can be cut anywhere; false for recurrent state, which is shared only whole
};

// What is to be done to the sequences of the context before the feeds, in this order.
struct CacheChange {
  enum class Kind { kForget, kCut, kCopy } kind = Kind::kForget;
  int sequence = 0;
  int from = -1;   // kCopy: the sequence whose first `tokens` it gets; it is empty before
  int tokens = 0;  // kCut, kCopy: what it holds then
};

// Tokens to evaluate: positions position … position + tokens.size() - 1 of the sequence.
struct Feed {
  RequestId id = 0;
  int sequence = 0;
  int position = 0;
  Tokens tokens = {};
  bool wants_logits = false;  // of the last of them; of all where they are drafts
  bool is_prompt = false;
};

struct Step {
  std::vector<RequestId> admitted;
  struct Reuse {
    RequestId id;
    int tokens;  // of its prompt that others have evaluated, so far
  };
  std::vector<Reuse> reused;
  std::vector<CacheChange> changes;
  std::vector<Feed> feeds;
  Flavour flavour = 0;  // of all feeds
};

// A generating request whose next token is known and not yet evaluated.
struct Answering {
  RequestId id = 0;
  int sequence = 0;
  int position = 0;  // of `last`
  Token last = kNoToken;
  int room = 0;  // tokens that may still be sampled
};

class StepPlanner {
 public:
  explicit StepPlanner(PlannerLimits limits);

  // The prompt has 1 … context_tokens tokens.
  std::optional<QueueRefusal> submit(PlannedRequest request);

  // Those whose deadline has passed, waiting or running. They are dropped.
  std::vector<RequestId> expired(TimePoint now);

  // The next step; without feeds when there is nothing to do. What it contains counts as evaluated.
  Step next();

  std::vector<Answering> answering() const;
  // The next tokens of a generating request, as somebody guesses them: they are fed together with its last one. Fewer
  // are taken where room ends.
  void propose(RequestId id, Tokens drafts);

  // A token was sampled from this request's logits; of a feed with drafts, once per logits and for as long as what was
  // sampled is what was drafted. False when it was the last one that max_new or the context allow.
  bool sampled(RequestId id, Token token);

  // The request is over; its tokens stay for later prompts.
  void finish(RequestId id);
  // The request is over or was never started; what its sequence holds is not to be relied on.
  void drop(RequestId id);

  bool busy() const { return queue_.size() > 0 || !running_.empty(); }
  std::size_t waiting() const { return queue_.size(); }
  int running() const { return static_cast<int>(running_.size()); }
  std::int64_t cells() const { return tree_.cells(); }  // in use
  const FairQueue& queue() const { return queue_; }

 private:
  struct Slot {
    PlannedRequest request = {};
    int sequence = 0;
    int room = 0;            // tokens that may still be sampled
    std::int64_t need = 0;   // cells of its sequence in the worst case
    int evaluated = 0;       // tokens of the prompt that it fed itself
    int confirmed = 0;       // what of its sequence is not a draft that may turn out wrong
    Tokens next = {};        // not reading: the last sampled token, then drafts
    std::size_t drafts = 0;  // fed in the last step and not yet compared
    bool reading = true;
    std::uint64_t order = 0;  // of admission
  };
  using Slots = std::map<RequestId, Slot>;

  bool admit(Step& step);
  int place(const PlannedRequest& request, const PrefixTree::Match& match);
  int free_sequence(int except);
  bool forget_oldest(int except);
  void forget(int sequence);
  void settle(Slot& slot);
  void join(Slot& slot, Step& step);
  bool waits_for_another(const Slot& slot) const;
  std::int64_t growth() const;
  void choose_flavour(Step& step);
  void feed_answers(Step& step);
  void feed_prompts(Step& step);
  void take_prompt(Slot& slot, Step& step, int count);

  PlannerLimits limits_;
  FairQueue queue_;
  PrefixTree tree_;
  Slots running_;
  std::map<int, std::uint64_t> idle_;  // sequences that keep what earlier requests left; when they were used last
  std::vector<CacheChange> changes_;   // not yet told
  std::uint64_t uses_ = 0;
  Flavour last_flavour_ = 0;
};

}  // namespace zubr::engine
