#include "engine/scheduler/decode_scheduler.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace zubr::engine {
namespace {

// What a context would hold: the tokens of each sequence; checks every rule while plans are carried out.
class FakeContext {
 public:
  FakeContext(const LabelTrie& trie, SchedulerLimits limits, std::vector<Tokens> rows)
      : trie_(trie), limits_(limits), rows_(std::move(rows)) {
    sequences_[0] = {};
  }

  // (row, segment) pairs whose last output came with this plan.
  std::vector<std::pair<int, int>> carry_out(const DecodePlan& plan) {
    for (const int sequence : plan.release) RC_ASSERT(sequences_.erase(sequence) == 1u);
    int tokens = 0, outputs = 0;
    std::vector<std::pair<int, int>> complete;
    for (const Piece& piece : plan.pieces) {
      RC_ASSERT(piece.sequence > 0 && piece.sequence < limits_.sequences);
      if (piece.copy_from >= 0) {
        RC_ASSERT(sequences_.count(piece.copy_from) == 1u);
        RC_ASSERT(sequences_.count(piece.sequence) == 0u);
        for (const Piece& other : plan.pieces) RC_ASSERT(other.sequence != piece.copy_from);
        sequences_[piece.sequence] = sequences_[piece.copy_from];
      }
      Tokens& held = sequences_[piece.sequence];
      RC_ASSERT(static_cast<int>(held.size()) == piece.position);
      held.insert(held.end(), piece.tokens.begin(), piece.tokens.end());
      tokens += static_cast<int>(piece.tokens.size());
      outputs += piece.outputs;
      const std::pair key{piece.row, piece.segment};
      RC_ASSERT(piece.first_output == outputs_seen(key));
      seen_[key] += piece.outputs;
      if (outputs_seen(key) == DecodeScheduler::segment_outputs(trie_, piece.segment)) {
        RC_ASSERT(held == expected(piece.row, piece.segment));
        RC_ASSERT(done_.insert(key).second);
        complete.push_back(key);
      }
    }
    RC_ASSERT(tokens <= limits_.batch_tokens && outputs <= limits_.outputs);
    RC_ASSERT(static_cast<int>(sequences_.size()) <= limits_.sequences);
    return complete;
  }

  std::size_t evaluated() const { return done_.size(); }

 private:
  int outputs_seen(std::pair<int, int> key) {
    const bool from_shared = key.second == 0 && rows_[static_cast<std::size_t>(key.first)].empty();
    return seen_.try_emplace(key, from_shared ? 1 : 0).first->second;
  }

  Tokens expected(int row, int segment) const {
    Tokens path;
    for (int at = segment; at >= 0; at = trie_.segments()[static_cast<std::size_t>(at)].parent) {
      const auto& tokens = trie_.segments()[static_cast<std::size_t>(at)].tokens;
      path.insert(path.begin(), tokens.begin(), tokens.end());
    }
    const Tokens& text = rows_[static_cast<std::size_t>(row)];
    path.insert(path.begin(), text.begin(), text.end());
    return path;
  }

  const LabelTrie& trie_;
  SchedulerLimits limits_;
  std::vector<Tokens> rows_;
  std::map<int, Tokens> sequences_;
  std::map<std::pair<int, int>, int> seen_;
  std::set<std::pair<int, int>> done_;
};

LabelTrie random_trie() {
  const auto label = rc::gen::mapcat(rc::gen::inRange(1, 6), [](int length) {
    return rc::gen::container<Tokens>(static_cast<std::size_t>(length), rc::gen::inRange(0, 3));
  });
  const auto set = *rc::gen::nonEmpty(rc::gen::container<std::set<Tokens>>(label));
  const std::vector<Tokens> labels(set.begin(), set.end());
  return *LabelTrie::build(labels, std::vector<std::string>(labels.size(), "label"), 99);
}

RC_GTEST_PROP(DecodeScheduler, EvaluatesEverySegmentOfEveryRowOnceWithinTheLimits, ()) {
  const LabelTrie trie = random_trie();
  std::vector<Tokens> rows;
  int longest = 0;
  const int count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    rows.emplace_back(static_cast<std::size_t>(*rc::gen::inRange(0, 20)), i);
    longest = std::max(longest, static_cast<int>(rows.back().size()));
  }
  SchedulerLimits limits;
  limits.sequences = *rc::gen::inRange(3, 20);
  limits.batch_tokens = *rc::gen::inRange(1, 40);
  limits.outputs = *rc::gen::inRange(1, 20);
  limits.cells = longest + 2 * trie.longest_label() + *rc::gen::inRange(0, 100);

  DecodeScheduler scheduler(trie, limits);
  FakeContext context(trie, limits, rows);
  std::map<int, std::size_t> left;
  const auto want_children = [&](int row, int segment) {
    for (const auto& child : trie.segments()[static_cast<std::size_t>(segment)].children) {
      if (child.segment >= 0) scheduler.want(row, child.segment);
    }
  };
  std::size_t from_shared = 0;
  for (int row = 0; row < count; ++row) {
    left[row] = trie.segments().size();
    if (rows[static_cast<std::size_t>(row)].empty() && trie.segments().front().tokens.empty()) {
      ++from_shared;  // nothing to feed: the shared part's logits are the row's
      want_children(row, 0);
      if (--left[row] == 0) scheduler.finish_row(row);
      continue;
    }
    scheduler.add_row(row, rows[static_cast<std::size_t>(row)]);
  }
  for (DecodePlan plan = scheduler.next(); !plan.pieces.empty(); plan = scheduler.next()) {
    for (const auto& [row, segment] : context.carry_out(plan)) {
      want_children(row, segment);
      if (--left[row] == 0) scheduler.finish_row(row);
    }
  }
  RC_ASSERT(context.evaluated() + from_shared == static_cast<std::size_t>(count) * trie.segments().size());
}

TEST(DecodeScheduler, PacksShortRowsIntoOneDecode) {
  const std::vector<Tokens> labels{{1}, {2}};
  const std::vector<std::string> names{"a", "b"};
  const auto trie = LabelTrie::build(labels, names, 99);
  ASSERT_TRUE(trie);
  DecodeScheduler scheduler(*trie, {.sequences = 256, .batch_tokens = 512, .outputs = 256, .cells = 2048});
  for (int row = 0; row < 64; ++row) scheduler.add_row(row, Tokens(8, 5));
  const DecodePlan plan = scheduler.next();
  EXPECT_EQ(plan.pieces.size(), 64u);
  for (const Piece& piece : plan.pieces) EXPECT_EQ(piece.outputs, 1);
  EXPECT_TRUE(scheduler.next().pieces.empty());
}

TEST(DecodeScheduler, ReleasesNothingWhileThereIsRoom) {
  const std::vector<Tokens> labels{{1, 2}, {1, 3}, {4, 5}};
  const std::vector<std::string> names{"a", "b", "c"};
  const auto trie = LabelTrie::build(labels, names, 99);
  ASSERT_TRUE(trie);
  DecodeScheduler scheduler(*trie, {});
  scheduler.add_row(0, Tokens{7});
  scheduler.add_row(1, Tokens{7});
  ASSERT_EQ(scheduler.next().pieces.size(), 2u);
  scheduler.want(0, 1);
  scheduler.finish_row(1);
  const DecodePlan plan = scheduler.next();
  EXPECT_EQ(plan.pieces.size(), 1u);
  EXPECT_TRUE(plan.release.empty());
}

}  // namespace
}  // namespace zubr::engine
