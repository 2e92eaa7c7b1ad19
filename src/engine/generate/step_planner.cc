#include "engine/generate/step_planner.h"

#include <algorithm>

namespace zubr::engine {
namespace {

int common_prefix(const Tokens& a, const Tokens& b) {
  return static_cast<int>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}  // namespace

StepPlanner::StepPlanner(PlannerLimits limits) : limits_(limits), slots_(static_cast<std::size_t>(limits.slots)) {
  limits_.cells = std::max<std::int64_t>(limits_.cells, limits_.context_tokens);
  limits_.prompt_beside = std::max(limits_.prompt_beside, limits_.slots);
  limits_.step_tokens = std::max(limits_.step_tokens, 2 * limits_.slots);
}

StepPlanner::Slot* StepPlanner::find(RequestId id) {
  const auto at = std::ranges::find_if(slots_, [id](const Slot& slot) { return slot.taken && slot.id == id; });
  return at == slots_.end() ? nullptr : &*at;
}

bool StepPlanner::submit(RequestId id, Tokens prompt, int max_new) {
  if (waiting_.size() >= limits_.waiting) return false;
  waiting_.push_back({id, std::move(prompt), max_new});
  return true;
}

// The free slot with the longest common beginning; among equals the one unused for longest. -1: none is free.
int StepPlanner::choose_slot(const Tokens& prompt) const {
  int best = -1;
  int best_common = -1;
  for (int i = 0; i < limits_.slots; ++i) {
    const Slot& slot = slots_[static_cast<std::size_t>(i)];
    if (slot.taken) continue;
    int common = common_prefix(slot.tokens, prompt);
    if (common < limits_.shortest_reuse) common = 0;
    const bool better = common > best_common ||
                        (common == best_common && slot.last_use < slots_[static_cast<std::size_t>(best)].last_use);
    if (better) best = i, best_common = common;
  }
  return best;
}

// Frees cells by emptying idle slots, the longest unused first, until `need` fit. False, and nothing freed, when even
// that would not do.
bool StepPlanner::make_room(int chosen, std::int64_t need) {
  std::int64_t reserved = 0;
  std::int64_t held = 0;
  std::vector<Slot*> idle;
  for (int i = 0; i < limits_.slots; ++i) {
    Slot& slot = slots_[static_cast<std::size_t>(i)];
    if (slot.taken) {
      reserved += slot.reserved;
    } else if (i != chosen && !slot.tokens.empty()) {
      held += std::ssize(slot.tokens);
      idle.push_back(&slot);
    }
  }
  if (reserved + need > limits_.cells) return false;
  std::ranges::sort(idle, {}, &Slot::last_use);
  for (Slot* slot : idle) {
    if (reserved + held + need <= limits_.cells) break;
    held -= std::ssize(slot->tokens);
    slot->tokens.clear();
    slot->forget = true;
  }
  return true;
}

std::vector<Admission> StepPlanner::admit() {
  std::vector<Admission> admitted;
  while (!waiting_.empty()) {
    Waiting& first = waiting_.front();
    const int chosen = choose_slot(first.prompt);
    if (chosen < 0) break;
    const std::int64_t prompt = std::ssize(first.prompt);
    const std::int64_t wanted = first.max_new < 0 ? limits_.context_tokens : prompt + first.max_new;
    const std::int64_t need = std::min<std::int64_t>(wanted, limits_.context_tokens);
    if (!make_room(chosen, need)) break;

    Slot& slot = slots_[static_cast<std::size_t>(chosen)];
    // The last token of the prompt is evaluated in any case: its logits are wanted.
    int keep = std::min(common_prefix(slot.tokens, first.prompt), static_cast<int>(prompt) - 1);
    if (keep < limits_.shortest_reuse || slot.forget) keep = 0;
    const int most = limits_.context_tokens - static_cast<int>(prompt) + 1;
    slot = Slot{.taken = true,
                .id = first.id,
                .tokens = {},
                .todo = {},
                .prompt = first.prompt.size(),
                .room = first.max_new < 0 ? most : std::min(most, first.max_new),
                .reserved = need,
                .last_use = ++uses_,
                .reading = true,
                .forget = false};
    slot.tokens.assign(first.prompt.begin(), first.prompt.begin() + keep);
    slot.todo.assign(first.prompt.begin() + keep, first.prompt.end());
    admitted.push_back({first.id, chosen, keep});
    waiting_.pop_front();
    ++running_;
  }
  return admitted;
}

void StepPlanner::lost_prefix(RequestId id) {
  Slot* slot = find(id);
  if (slot == nullptr) return;
  slot->todo.insert(slot->todo.begin(), slot->tokens.begin(), slot->tokens.end());
  slot->tokens.clear();
}

void StepPlanner::take(Slot& slot, Feed& feed, std::size_t count) {
  feed.id = slot.id;
  feed.slot = static_cast<int>(&slot - slots_.data());
  feed.position = static_cast<int>(slot.tokens.size());
  feed.is_prompt = slot.reading;
  feed.tokens.assign(slot.todo.begin(), slot.todo.begin() + static_cast<std::ptrdiff_t>(count));
  slot.tokens.insert(slot.tokens.end(), feed.tokens.begin(), feed.tokens.end());
  slot.todo.erase(slot.todo.begin(), slot.todo.begin() + static_cast<std::ptrdiff_t>(count));
  feed.wants_logits = slot.todo.empty();
  if (slot.todo.empty()) slot.reading = false;
}

Step StepPlanner::next() {
  Step step;
  std::vector<Slot*> reading;
  int budget = limits_.step_tokens;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.forget) {
      step.forget.push_back(static_cast<int>(i));
      slot.forget = false;
    }
    if (!slot.taken || slot.todo.empty()) continue;
    if (slot.reading) {
      reading.push_back(&slot);
    } else {
      take(slot, step.feeds.emplace_back(), 1);
      --budget;
    }
  }
  if (!step.feeds.empty()) budget = std::min(budget, limits_.prompt_beside);
  // Shortest rest first, so that what one does not need of its share goes to the others.
  std::ranges::stable_sort(reading, {}, [](const Slot* slot) { return slot->todo.size(); });
  for (std::size_t i = 0; i < reading.size(); ++i) {
    const int share = std::max(1, budget / static_cast<int>(reading.size() - i));
    const std::size_t count = std::min(reading[i]->todo.size(), static_cast<std::size_t>(share));
    take(*reading[i], step.feeds.emplace_back(), count);
    budget -= static_cast<int>(count);
  }
  return step;
}

bool StepPlanner::sampled(RequestId id, Token token) {
  Slot* slot = find(id);
  if (slot == nullptr || --slot->room <= 0) return false;
  slot->todo.assign(1, token);
  return true;
}

void StepPlanner::finish(RequestId id) {
  Slot* slot = find(id);
  if (slot == nullptr) return drop(id);
  slot->taken = false;
  slot->todo.clear();
  slot->reserved = 0;
  slot->last_use = ++uses_;
  --running_;
}

void StepPlanner::drop(RequestId id) {
  std::erase_if(waiting_, [id](const Waiting& request) { return request.id == id; });
  Slot* slot = find(id);
  if (slot == nullptr) return;
  *slot = Slot{};
  slot->forget = true;
  --running_;
}

}  // namespace zubr::engine
