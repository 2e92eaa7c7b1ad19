#include "engine/generate/step_planner.h"

#include <algorithm>
#include <set>
#include <span>

namespace zubr::engine {
namespace {

constexpr double kAnswerTokenCost = 2;  // against a token of a prompt: it is evaluated in a smaller batch

int common_prefix(const Tokens& a, const Tokens& b) {
  return static_cast<int>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// The last token of a prompt is evaluated in any case: its logits are wanted.
std::span<const Token> reusable(const Tokens& prompt) { return std::span(prompt).first(prompt.size() - 1); }

// Divides a budget: everyone gets the same, or what it wants where that is less. At least 1 each.
std::vector<int> divide(int budget, const std::vector<int>& wants) {
  std::vector<std::size_t> order(wants.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return wants[i]; });
  std::vector<int> shares(wants.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int share = std::max(1, budget / static_cast<int>(order.size() - i));
    shares[order[i]] = std::min(wants[order[i]], share);
    budget -= shares[order[i]];
  }
  return shares;
}

}  // namespace

StepPlanner::StepPlanner(PlannerLimits limits)
    : limits_(limits), queue_(limits.waiting, std::min(limits.waiting, limits.waiting_of_a_client)) {
  limits_.sequences = std::max(limits_.sequences, limits_.slots);
  limits_.cells = std::max<std::int64_t>(limits_.cells, limits_.context_tokens);
  limits_.prompt_beside = std::max(limits_.prompt_beside, limits_.slots);
  limits_.step_tokens = std::max(limits_.step_tokens, 2 * limits_.slots);
}

std::optional<QueueRefusal> StepPlanner::submit(PlannedRequest request) {
  const int most = limits_.context_tokens;
  request.context_tokens = request.context_tokens > 0 ? std::min(request.context_tokens, most) : most;
  return queue_.push(std::move(request));
}

std::vector<RequestId> StepPlanner::expired(TimePoint now) {
  std::vector<RequestId> late = queue_.expired(now);
  const std::size_t waiting = late.size();
  for (const auto& [id, slot] : running_) {
    if (slot.request.deadline <= now) late.push_back(id);
  }
  for (std::size_t i = waiting; i < late.size(); ++i) drop(late[i]);
  return late;
}

// Cells that running requests may still fill.
std::int64_t StepPlanner::growth() const {
  std::int64_t sum = 0;
  for (const auto& [id, slot] : running_) sum += slot.need - tree_.length(slot.sequence);
  return sum;
}

void StepPlanner::forget(int sequence) {
  tree_.remove(sequence);
  idle_.erase(sequence);
  changes_.push_back({.kind = CacheChange::Kind::kForget, .sequence = sequence});
}

// Forgets the idle sequence that was unused for longest. False when there is none.
bool StepPlanner::forget_oldest(int except) {
  int oldest = -1;
  for (const auto& [sequence, used] : idle_) {
    if (sequence != except && (oldest < 0 || used < idle_.at(oldest))) oldest = sequence;
  }
  if (oldest >= 0) forget(oldest);
  return oldest >= 0;
}

// -1: all sequences are in use, or the excepted one.
int StepPlanner::free_sequence(int except) {
  for (int round = 0; round < 2; ++round) {
    for (int sequence = 0; sequence < limits_.sequences; ++sequence) {
      if (!tree_.contains(sequence)) return sequence;
    }
    if (!forget_oldest(except)) break;
  }
  return -1;
}

// The sequence in which the request begins, with what of the match it keeps.
int StepPlanner::place(const PlannedRequest& request, const PrefixTree::Match& match) {
  if (match.tokens == 0) {
    const int sequence = free_sequence(-1);
    tree_.create(sequence, request.flavour);
    return sequence;
  }
  const bool is_idle = idle_.contains(match.sequence);
  const int sequence = match.whole && is_idle ? -1 : free_sequence(match.sequence);
  if (sequence >= 0) {
    tree_.fork(match.sequence, match.tokens, sequence);
    changes_.push_back({CacheChange::Kind::kCopy, sequence, match.sequence, match.tokens});
    if (is_idle) idle_[match.sequence] = ++uses_;
    return sequence;
  }
  // Goes on where the other one ended.
  if (!match.whole) {
    tree_.truncate(match.sequence, match.tokens);
    changes_.push_back({CacheChange::Kind::kCut, match.sequence, -1, match.tokens});
  }
  idle_.erase(match.sequence);
  return match.sequence;
}

bool StepPlanner::admit(Step& step) {
  const PlannedRequest* first = queue_.front();
  if (first == nullptr || running() >= limits_.slots) return false;
  const std::int64_t prompt = std::ssize(first->prompt);
  const std::int64_t wanted = first->max_new < 0 ? first->context_tokens : prompt + first->max_new;
  const std::int64_t need = std::min<std::int64_t>(wanted, first->context_tokens);
  PrefixTree::Match match = tree_.longest(first->flavour, reusable(first->prompt), !limits_.cuts);
  if (match.tokens < limits_.shortest_reuse) match = {};
  const std::int64_t reserved = growth();
  const std::int64_t to_pin = match.tokens > 0 ? tree_.unpinned(match.sequence, match.tokens) : 0;
  if (tree_.pinned_cells() + to_pin + reserved + need - match.tokens > limits_.cells) return false;

  Slot slot{.request = queue_.pop()};
  queue_.charge(slot.request.client, static_cast<double>(prompt - match.tokens));
  slot.sequence = place(slot.request, match);
  slot.need = need;
  slot.order = ++uses_;
  slot.confirmed = match.tokens;
  const int most = slot.request.context_tokens - static_cast<int>(prompt) + 1;
  slot.room = slot.request.max_new < 0 ? most : std::min(most, slot.request.max_new);
  tree_.pin(slot.sequence, true);
  while (tree_.cells() + reserved + need - match.tokens > limits_.cells && forget_oldest(-1)) {
  }
  const RequestId id = slot.request.id;
  step.admitted.push_back(id);
  if (match.tokens > 0) step.reused.push_back({id, match.tokens});
  running_.emplace(id, std::move(slot));
  return true;
}

// Takes over what another one has evaluated since.
void StepPlanner::join(Slot& slot, Step& step) {
  const auto match = tree_.longest(slot.request.flavour, reusable(slot.request.prompt), !limits_.cuts, slot.sequence);
  if (match.tokens < slot.confirmed + limits_.shortest_reuse) return;
  tree_.remove(slot.sequence);
  tree_.fork(match.sequence, match.tokens, slot.sequence);
  tree_.pin(slot.sequence, true);
  changes_.push_back({.kind = CacheChange::Kind::kForget, .sequence = slot.sequence});
  changes_.push_back({CacheChange::Kind::kCopy, slot.sequence, match.sequence, match.tokens});
  queue_.charge(slot.request.client, static_cast<double>(slot.confirmed - match.tokens));
  slot.confirmed = match.tokens;
  step.reused.push_back({slot.request.id, match.tokens - slot.evaluated});
}

// Another one is reading what this one would read, and is ahead of it.
bool StepPlanner::waits_for_another(const Slot& slot) const {
  if (!limits_.cuts) return false;
  for (const auto& [id, other] : running_) {
    if (!other.reading || other.sequence == slot.sequence || other.request.flavour != slot.request.flavour) continue;
    const bool ahead =
        other.confirmed > slot.confirmed || (other.confirmed == slot.confirmed && other.order < slot.order);
    if (!ahead) continue;
    const int common = std::min(common_prefix(other.request.prompt, slot.request.prompt),
                                static_cast<int>(slot.request.prompt.size()) - 1);
    if (common >= other.confirmed + limits_.shortest_reuse) return true;
  }
  return false;
}

// Drafts that were not confirmed go.
void StepPlanner::settle(Slot& slot) {
  slot.drafts = 0;
  if (tree_.length(slot.sequence) <= slot.confirmed) return;
  tree_.truncate(slot.sequence, slot.confirmed);
  changes_.push_back({CacheChange::Kind::kCut, slot.sequence, -1, slot.confirmed});
}

// Flavours take turns.
void StepPlanner::choose_flavour(Step& step) {
  std::set<Flavour> wanted;
  for (const auto& [id, slot] : running_) {
    if (slot.reading || !slot.next.empty()) wanted.insert(slot.request.flavour);
  }
  if (wanted.empty()) return;
  const auto after = wanted.upper_bound(last_flavour_);
  step.flavour = last_flavour_ = after == wanted.end() ? *wanted.begin() : *after;
}

void StepPlanner::feed_answers(Step& step) {
  // What is not for the last tokens may go to drafts.
  int spare = limits_.step_tokens - 2 * limits_.slots;
  for (auto& [id, slot] : running_) {
    if (slot.reading || slot.next.empty() || slot.request.flavour != step.flavour) continue;
    const auto drafts = std::min(slot.next.size() - 1, static_cast<std::size_t>(std::max(0, spare)));
    slot.next.resize(1 + drafts);
    spare -= static_cast<int>(drafts);
    const int position = tree_.length(slot.sequence);
    tree_.append(slot.sequence, slot.next);
    slot.drafts = drafts;
    slot.confirmed = position + 1;
    step.feeds.push_back({id, slot.sequence, position, slot.next, /*wants_logits=*/true, /*is_prompt=*/false});
    queue_.charge(slot.request.client, kAnswerTokenCost);
  }
}

void StepPlanner::take_prompt(Slot& slot, Step& step, int count) {
  const auto begin = slot.request.prompt.begin() + slot.confirmed;
  const Tokens tokens(begin, begin + count);
  tree_.append(slot.sequence, tokens);
  const bool last = slot.confirmed + count == std::ssize(slot.request.prompt);
  step.feeds.push_back({slot.request.id, slot.sequence, slot.confirmed, tokens, last, /*is_prompt=*/true});
  slot.confirmed += count;
  slot.evaluated += count;
  slot.reading = !last;
}

void StepPlanner::feed_prompts(Step& step) {
  int budget = limits_.step_tokens;
  for (const Feed& feed : step.feeds) budget -= static_cast<int>(feed.tokens.size());
  const bool others_wait = std::ranges::any_of(running_, [](const auto& entry) { return !entry.second.reading; });
  if (others_wait) budget = std::min(budget, limits_.prompt_beside);
  std::map<std::string, std::vector<Slot*>> clients;
  std::vector<Slot*> ready;
  for (auto& [id, slot] : running_) {
    if (slot.reading && slot.request.flavour == step.flavour && !waits_for_another(slot)) ready.push_back(&slot);
  }
  for (Slot* slot : ready) clients[slot->request.client].push_back(slot);
  const auto rest = [](const Slot* slot) { return static_cast<int>(slot->request.prompt.size()) - slot->confirmed; };
  std::vector<int> wants;
  for (const auto& [client, slots] : clients) {
    int sum = 0;
    for (const Slot* slot : slots) sum += rest(slot);
    wants.push_back(sum);
  }
  const std::vector<int> shares = divide(budget, wants);
  std::size_t at = 0;
  for (const auto& [client, slots] : clients) {
    wants.clear();
    for (const Slot* slot : slots) wants.push_back(rest(slot));
    const std::vector<int> counts = divide(shares[at++], wants);
    for (std::size_t i = 0; i < slots.size() && budget > 0; ++i) {
      const int count = std::min(counts[i], budget);
      take_prompt(*slots[i], step, count);
      budget -= count;
    }
  }
}

Step StepPlanner::next() {
  Step step;
  for (auto& [id, slot] : running_) settle(slot);
  while (admit(step)) {
  }
  for (auto& [id, slot] : running_) {
    if (slot.reading) join(slot, step);
  }
  choose_flavour(step);
  feed_answers(step);
  feed_prompts(step);
  for (const Feed& feed : step.feeds) {
    if (!feed.is_prompt) running_.at(feed.id).next.erase(running_.at(feed.id).next.begin());
  }
  step.changes.swap(changes_);
  return step;
}

std::vector<Answering> StepPlanner::answering() const {
  std::vector<Answering> all;
  for (const auto& [id, slot] : running_) {
    if (!slot.reading && slot.next.size() == 1)
      all.push_back({id, slot.sequence, slot.confirmed, slot.next.front(), slot.room});
  }
  return all;
}

void StepPlanner::propose(RequestId id, Tokens drafts) {
  const auto at = running_.find(id);
  if (at == running_.end() || at->second.reading || at->second.next.size() != 1) return;
  Slot& slot = at->second;
  const auto most = std::min<std::size_t>(drafts.size(), static_cast<std::size_t>(std::max(0, slot.room - 1)));
  slot.next.insert(slot.next.end(), drafts.begin(), drafts.begin() + static_cast<std::ptrdiff_t>(most));
}

bool StepPlanner::sampled(RequestId id, Token token) {
  const auto at = running_.find(id);
  if (at == running_.end()) return false;
  Slot& slot = at->second;
  const bool drafted = slot.drafts > 0 && !slot.next.empty() && slot.next.front() == token;
  if (drafted) {
    slot.next.erase(slot.next.begin());
    --slot.drafts;
    ++slot.confirmed;
  } else {
    slot.next.assign(1, token);
    slot.drafts = 0;
  }
  return --slot.room > 0;
}

void StepPlanner::finish(RequestId id) {
  const auto at = running_.find(id);
  if (at == running_.end()) return drop(id);
  Slot slot = std::move(at->second);
  running_.erase(at);
  settle(slot);
  queue_.ended(slot.request.client);
  tree_.pin(slot.sequence, false);
  idle_[slot.sequence] = ++uses_;
  const Tokens held = tree_.tokens(slot.sequence);
  const auto same = tree_.longest(slot.request.flavour, held, !limits_.cuts, slot.sequence);
  if (same.tokens == std::ssize(held)) forget(slot.sequence);  // another one holds all of it
}

void StepPlanner::drop(RequestId id) {
  if (queue_.erase(id)) return;
  const auto at = running_.find(id);
  if (at == running_.end()) return;
  queue_.ended(at->second.request.client);
  const int sequence = at->second.sequence;
  running_.erase(at);
  forget(sequence);
}

}  // namespace zubr::engine
