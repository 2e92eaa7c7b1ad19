// For tests: a context that only counts, and a clock that only steps move. Checks, with every step, that the planner
// keeps the rules of a real context.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

#include "engine/generate/step_planner.h"

namespace zubr::engine {

inline Tokens tokens(int count, Token first = 1) {
  Tokens made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), first);
  return made;
}

inline Tokens joined(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The cache as llama.cpp keeps it. Throws where the planner breaks its rules.
class CountedContext {
 public:
  explicit CountedContext(std::int64_t cells) : most_(cells) {}

  void change(const CacheChange& change) {
    using Kind = CacheChange::Kind;
    switch (change.kind) {
      case Kind::kForget: return cut(change.sequence, 0);
      case Kind::kCut: return cut(change.sequence, change.tokens);
      case Kind::kCopy: break;
    }
    must(held(change.sequence).empty(), "a copy into a sequence that is not empty");
    must(std::ssize(held(change.from)) >= change.tokens, "a copy of more than there is");
    for (Cell& cell : cells_) {
      if (cell.holders.contains(change.from) && cell.position < change.tokens) cell.holders.insert(change.sequence);
    }
  }

  void feed(const Feed& feed) {
    must(std::ssize(held(feed.sequence)) == feed.position, "a feed that does not follow on what the sequence holds");
    for (std::size_t i = 0; i < feed.tokens.size(); ++i)
      cells_.push_back({feed.tokens[i], feed.position + static_cast<int>(i), {feed.sequence}});
    must(std::ssize(cells_) <= most_, "more cells than there are");
    evaluated_ += std::ssize(feed.tokens);
  }

  Tokens held(int sequence) const {
    std::map<int, Token> ordered;
    for (const Cell& cell : cells_) {
      if (cell.holders.contains(sequence)) ordered[cell.position] = cell.token;
    }
    Tokens all;
    for (const auto& [position, token] : ordered) all.push_back(token);
    return all;
  }
  std::int64_t cells() const { return std::ssize(cells_); }
  std::int64_t evaluated() const { return evaluated_; }

  static void must(bool right, const char* what) {
    if (!right) throw std::logic_error(what);
  }

 private:
  struct Cell {
    Token token;
    int position;
    std::set<int> holders;
  };
  void cut(int sequence, int from) {
    for (Cell& cell : cells_) {
      if (cell.position >= from) cell.holders.erase(sequence);
    }
    std::erase_if(cells_, [](const Cell& cell) { return cell.holders.empty(); });
  }

  std::int64_t most_;
  std::int64_t evaluated_ = 0;
  std::vector<Cell> cells_;
};

// Requests on a planner, in simulated time: a step takes 10 ms and 1 ms for each of its tokens. Every answer is the
// tokens 7000, 7001 … until max_new.
class Simulation {
 public:
  using Milliseconds = std::chrono::milliseconds;
  explicit Simulation(const PlannerLimits& limits)
      : planner(limits), context(std::max<std::int64_t>(limits.cells, limits.context_tokens)), limits_(limits) {}

  struct Answer {
    TimePoint arrived, first, last;
    Milliseconds longest_gap{0};
    int tokens = 0;
    int reused = 0;
    bool done = false;
  };

  void submit(PlannedRequest request) {
    answers[request.id].arrived = now;
    expected_[request.id] = request.prompt;
    CountedContext::must(!planner.submit(std::move(request)), "refused");
  }

  Step step() {
    Step step = planner.next();
    for (const CacheChange& change : step.changes) context.change(change);
    int count = 0;
    for (const Feed& feed : step.feeds) {
      context.feed(feed);
      count += static_cast<int>(feed.tokens.size());
      const Tokens& all = expected_[feed.id];
      const Tokens held = context.held(feed.sequence);
      CountedContext::must(held.size() <= all.size() && std::equal(held.begin(), held.end(), all.begin()),
                           "a sequence with other tokens than its request");
      CountedContext::must(feed.wants_logits == (held.size() == all.size()), "logits at the wrong place");
    }
    CountedContext::must(count <= std::max(limits_.step_tokens, 2 * limits_.slots), "too many tokens in a step");
    for (const auto& [id, reused] : step.reused) answers[id].reused = reused;
    if (count > 0) now += Milliseconds(10 + count);
    for (const Feed& feed : step.feeds) {
      if (feed.wants_logits) sample(feed.id);
    }
    return step;
  }

  void run() {
    for (int round = 0; planner.busy(); ++round) {
      CountedContext::must(round < 100'000, "does not end");
      step();
    }
  }
  Milliseconds to_first(RequestId id) {
    return std::chrono::duration_cast<Milliseconds>(answers[id].first - answers[id].arrived);
  }

  StepPlanner planner;
  CountedContext context;
  TimePoint now{};
  std::map<RequestId, Answer> answers;

 private:
  void sample(RequestId id) {
    Answer& answer = answers[id];
    if (answer.tokens == 0) {
      answer.first = now;
    } else {
      answer.longest_gap = std::max(answer.longest_gap, std::chrono::duration_cast<Milliseconds>(now - answer.last));
    }
    answer.last = now;
    const Token token = 7000 + answer.tokens++;
    expected_[id].push_back(token);
    if (planner.sampled(id, token)) return;
    answer.done = true;
    planner.finish(id);
  }

  PlannerLimits limits_;
  std::map<RequestId, Tokens> expected_;
};

}  // namespace zubr::engine
