// LabelBatcher: texts of several callers in one evaluation, where they are sorted into the same labels.
//
// A label set (labels, instruction, and how they are read) is opened once: the part of the prompt that all texts share
// is evaluated and kept. Whoever asks while an evaluation runs goes into the next one together with all others who
// wait; there is no timer and no thread of its own: one of the waiting callers works for all of them.
//
// Threads: all methods from any thread. A LabelSet must not outlive the Backend.
// Memory: at most `open_sets` sets are there at a time; the least recently used one makes room. kUnavailable when all
// of them are being used.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "inference/backend.h"

namespace zubr::server {

class LabelSet {
 public:
  // `prior`: as bulk::DecisionRule takes it; empty = none.
  LabelSet(std::unique_ptr<inference::LabelScorer> scorer, std::int64_t shared_tokens, std::vector<double> prior);

  Result<inference::PreparedText> prepare(std::string_view text) const { return scorer_->prepare(text); }
  std::span<const int> label_tokens() const { return scorer_->label_tokens(); }
  const std::vector<double>& prior() const { return prior_; }
  std::int64_t shared_tokens() const { return shared_tokens_; }  // of the prompt, before every text

  // One result per text, in order. kCancelled soon after a stop; others' texts go on.
  Result<std::vector<inference::LabelScores>> score(std::vector<inference::PreparedText> texts, std::stop_token stop);

 private:
  struct Ticket;
  struct Batch;
  Batch next_batch();
  void run_batch(std::unique_lock<std::mutex>& lock, std::stop_token stop);

  const std::unique_ptr<inference::LabelScorer> scorer_;
  const std::int64_t shared_tokens_;
  const std::vector<double> prior_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Ticket>> queue_;  // those with texts that are not in a batch yet; guarded by mutex_
  bool working_ = false;                       // one of the callers evaluates; guarded by mutex_
};

class LabelBatcher {
 public:
  static constexpr std::size_t kOpenSets = 4;
  using Open = std::function<Result<std::shared_ptr<LabelSet>>(std::stop_token)>;

  explicit LabelBatcher(std::size_t open_sets = kOpenSets) : open_sets_(open_sets) {}

  // The set that `key` stands for; `open` makes it where it is not there. Callers with the same key wait for one open.
  Result<std::shared_ptr<LabelSet>> find(const std::string& key, const Open& open, std::stop_token stop);
  // Lets go of the sets whose keys begin so: their model goes. Nobody may be using or opening one of them.
  void forget_scope(std::string_view scope);

 private:
  struct Entry {
    std::string key;
    std::mutex opening;             // held while the set is made
    std::shared_ptr<LabelSet> set;  // guarded by LabelBatcher::mutex_
  };
  Result<std::shared_ptr<Entry>> entry_of(const std::string& key);
  void forget(const std::shared_ptr<Entry>& entry);

  const std::size_t open_sets_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;  // most recently used first; guarded by mutex_
};

}  // namespace zubr::server
