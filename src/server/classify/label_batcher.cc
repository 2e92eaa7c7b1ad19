#include "server/classify/label_batcher.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace zubr::server {

using inference::LabelScores;
using inference::PreparedText;

// One call of score(). Shared by the caller and whoever works, since the caller may leave first.
struct LabelSet::Ticket {
  std::vector<PreparedText> texts;
  std::vector<LabelScores> results;
  std::size_t taken = 0;  // texts that are, or were, in a batch
  std::size_t done = 0;
  std::optional<Error> error;
  bool finished() const { return error || done == results.size(); }
};

struct LabelSet::Batch {
  std::vector<PreparedText> texts;
  struct Origin {
    std::shared_ptr<Ticket> ticket;
    std::size_t index;
  };
  std::vector<Origin> origins;
};

LabelSet::LabelSet(std::unique_ptr<inference::LabelScorer> scorer, std::int64_t shared_tokens,
                   std::vector<double> prior)
    : scorer_(std::move(scorer)), shared_tokens_(shared_tokens), prior_(std::move(prior)) {}

// A text from every caller in turn, so that one with many texts does not hold up one with few.
LabelSet::Batch LabelSet::next_batch() {
  const inference::ScorerLimits limits = scorer_->limits();
  Batch batch;
  std::int64_t tokens = 0;
  while (!queue_.empty() && std::ssize(batch.texts) < limits.rows) {
    const std::shared_ptr<Ticket> ticket = queue_.front();
    const std::size_t index = ticket->taken;
    const auto more = std::ssize(ticket->texts[index].tokens);
    if (!batch.texts.empty() && tokens + more > limits.tokens) break;
    tokens += more;
    batch.texts.push_back(std::move(ticket->texts[index]));
    batch.origins.push_back({ticket, index});
    ++ticket->taken;
    queue_.pop_front();
    if (ticket->taken < ticket->texts.size()) queue_.push_back(ticket);
  }
  return batch;
}

void LabelSet::run_batch(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  const Batch batch = next_batch();
  const bool alone = std::ranges::all_of(
      batch.origins, [&](const auto& origin) { return origin.ticket == batch.origins.front().ticket; });
  working_ = true;
  lock.unlock();
  auto scores = scorer_->score(batch.texts, alone ? stop : std::stop_token{});
  lock.lock();
  working_ = false;
  for (std::size_t i = 0; i < batch.origins.size(); ++i) {
    Ticket& ticket = *batch.origins[i].ticket;
    if (!scores) {
      ticket.error = scores.error();
    } else {
      ticket.results[batch.origins[i].index] = std::move((*scores)[i]);
      ++ticket.done;
    }
  }
  if (!scores) std::erase_if(queue_, [](const auto& ticket) { return ticket->error.has_value(); });
  changed_.notify_all();
}

Result<std::vector<LabelScores>> LabelSet::score(std::vector<PreparedText> texts, std::stop_token stop) {
  if (texts.empty()) return std::vector<LabelScores>{};
  const auto ticket = std::make_shared<Ticket>();
  ticket->results.resize(texts.size());
  ticket->texts = std::move(texts);
  std::unique_lock lock(mutex_);
  queue_.push_back(ticket);
  while (!ticket->finished()) {
    if (stop.stop_requested()) {
      std::erase(queue_, ticket);
      changed_.notify_all();  // somebody else may have relied on this caller to go on
      return fail(ErrorCode::kCancelled, "stopped");
    }
    if (!working_ && !queue_.empty())
      run_batch(lock, stop);
    else
      changed_.wait(lock, stop, [&] { return ticket->finished() || (!working_ && !queue_.empty()); });
  }
  if (ticket->error) return fail(*ticket->error);
  return std::move(ticket->results);
}

Result<std::shared_ptr<LabelBatcher::Entry>> LabelBatcher::entry_of(const std::string& key) {
  const auto found = std::ranges::find(entries_, key, [](const auto& entry) { return entry->key; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front();
  }
  if (entries_.size() >= open_sets_) {
    // The list and nobody else: neither a caller that opens it nor one that uses its set.
    const auto idle = std::find_if(entries_.rbegin(), entries_.rend(), [](const auto& entry) {
      return entry.use_count() == 1 && entry->set.use_count() <= 1;
    });
    if (idle == entries_.rend())
      return fail(ErrorCode::kUnavailable, "{} label sets are being used already; try again later", open_sets_);
    entries_.erase(std::next(idle).base());
  }
  entries_.push_front(std::make_shared<Entry>());
  entries_.front()->key = key;
  return entries_.front();
}

void LabelBatcher::forget(const std::shared_ptr<Entry>& entry) {
  const std::lock_guard lock(mutex_);
  if (!entry->set) std::erase(entries_, entry);
}

void LabelBatcher::forget_scope(std::string_view scope) {
  std::list<std::shared_ptr<Entry>> gone;  // whose sets end without the lock
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if ((*entry)->key.starts_with(scope)) gone.splice(gone.end(), entries_, entry);
    entry = next;
  }
}

Result<std::shared_ptr<LabelSet>> LabelBatcher::find(const std::string& key, const Open& open, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  ZUBR_TRY(entry, entry_of(key));
  if (entry->set) return entry->set;
  lock.unlock();
  const std::lock_guard opening(entry->opening);
  lock.lock();
  if (entry->set) return entry->set;
  lock.unlock();
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  auto set = open(stop);
  if (!set) {
    forget(entry);
    return fail(set.error());
  }
  lock.lock();
  entry->set = *set;
  return *set;
}

}  // namespace zubr::server
