#include "engine/prefix/prefix_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace zubr::engine {
namespace {

constexpr Flavour kPlain = 0;

Tokens tokens(int count, Token first = 1) {
  Tokens made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), first);
  return made;
}

TEST(PrefixTree, ChargesASharedBeginningOnce) {
  PrefixTree tree;
  tree.create(0, kPlain);
  tree.append(0, tokens(1000));
  for (int i = 1; i < 16; ++i) {
    tree.fork(0, 1000, i);
    tree.append(i, tokens(10, 5000 + i));
  }
  EXPECT_EQ(tree.cells(), 1000 + 15 * 10);
  EXPECT_EQ(tree.own_cells(3), 10);
  tree.remove(0);
  EXPECT_EQ(tree.cells(), 1000 + 15 * 10);  // the others still hold it
}

TEST(PrefixTree, FindsTheBeginningOfASequenceThatStillGrows) {
  PrefixTree tree;
  tree.create(4, kPlain);
  tree.append(4, tokens(20));
  Tokens other = tokens(12);
  other.push_back(99);
  const auto match = tree.longest(kPlain, other);
  EXPECT_EQ(match.sequence, 4);
  EXPECT_EQ(match.tokens, 12);
  EXPECT_FALSE(match.whole);
  EXPECT_EQ(tree.longest(kPlain, other, /*whole_only=*/true).tokens, 0);
  EXPECT_EQ(tree.longest(kPlain, other, false, /*except=*/4).sequence, -1);
}

TEST(PrefixTree, PrefersAWholeSequenceThatDoesNotRun) {
  PrefixTree tree;
  tree.create(1, kPlain);
  tree.append(1, tokens(10));
  tree.pin(1, true);
  tree.fork(1, 10, 2);
  EXPECT_EQ(tree.longest(kPlain, tokens(15)).sequence, 2);
  EXPECT_TRUE(tree.longest(kPlain, tokens(15)).whole);
}

TEST(PrefixTree, KeepsFlavoursApart) {
  PrefixTree tree;
  tree.create(0, 7);
  tree.append(0, tokens(10));
  EXPECT_EQ(tree.longest(8, tokens(10)).sequence, -1);
  EXPECT_EQ(tree.longest(7, tokens(10)).tokens, 10);
}

// The cache as llama.cpp keeps it: cells, each with a token, a position and the sequences that hold it.
struct BruteForce {
  struct Cell {
    Token token;
    int position;
    std::set<int> holders;
  };
  std::vector<Cell> cells;
  std::map<int, Flavour> flavours;
  std::set<int> pinned;

  Tokens tokens_of(int sequence) const {
    std::map<int, Token> ordered;
    for (const Cell& cell : cells) {
      if (cell.holders.contains(sequence)) ordered[cell.position] = cell.token;
    }
    Tokens all;
    for (const auto& [position, token] : ordered) all.push_back(token);
    return all;
  }
  void cut(int sequence, int from) {
    for (Cell& cell : cells) {
      if (cell.position >= from) cell.holders.erase(sequence);
    }
    std::erase_if(cells, [](const Cell& cell) { return cell.holders.empty(); });
  }
  std::int64_t pinned_cells() const {
    return std::ranges::count_if(cells, [this](const Cell& cell) {
      return std::ranges::any_of(cell.holders, [this](int holder) { return pinned.contains(holder); });
    });
  }
};

Tokens any_tokens(int most) {  // of a small alphabet, so that beginnings are often shared
  Tokens made;
  const int count = *rc::gen::inRange(0, most);
  for (int i = 0; i < count; ++i) made.push_back(*rc::gen::inRange(1, 3));
  return made;
}

void do_something(PrefixTree& tree, BruteForce& brute, int& next_id) {
  std::vector<int> alive;
  for (const auto& [sequence, flavour] : brute.flavours) alive.push_back(sequence);
  const int what = alive.empty() ? 0 : *rc::gen::inRange(0, 7);
  const int one = alive.empty() ? -1 : *rc::gen::elementOf(alive);
  const int length = one < 0 ? 0 : static_cast<int>(brute.tokens_of(one).size());
  if (what == 0) {
    const auto flavour = static_cast<Flavour>(*rc::gen::inRange(0, 2));
    tree.create(next_id, flavour);
    brute.flavours[next_id++] = flavour;
  } else if (what == 1) {
    const int count = *rc::gen::inRange(0, length + 1);
    tree.fork(one, count, next_id);
    for (auto& cell : brute.cells) {
      if (cell.holders.contains(one) && cell.position < count) cell.holders.insert(next_id);
    }
    brute.flavours[next_id] = brute.flavours[one];
    ++next_id;
  } else if (what <= 3) {
    const Tokens more = any_tokens(6);
    tree.append(one, more);
    for (std::size_t i = 0; i < more.size(); ++i) brute.cells.push_back({more[i], length + static_cast<int>(i), {one}});
  } else if (what == 4) {
    const int count = *rc::gen::inRange(0, length + 2);
    tree.truncate(one, count);
    brute.cut(one, count);
  } else if (what == 5) {
    tree.remove(one);
    brute.cut(one, 0);
    brute.flavours.erase(one);
    brute.pinned.erase(one);
  } else {
    const bool pinned = *rc::gen::arbitrary<bool>();
    tree.pin(one, pinned);
    if (pinned) brute.pinned.insert(one);
    if (!pinned) brute.pinned.erase(one);
  }
}

RC_GTEST_PROP(PrefixTreeProperty, CountsCellsAsAListOfCellsDoes, ()) {
  PrefixTree tree;
  BruteForce brute;
  int next_id = 0;
  const int steps = *rc::gen::inRange(1, 60);
  for (int step = 0; step < steps; ++step) {
    do_something(tree, brute, next_id);
    RC_ASSERT(tree.cells() == std::ssize(brute.cells));
    RC_ASSERT(tree.pinned_cells() == brute.pinned_cells());
    for (const auto& [sequence, flavour] : brute.flavours) {
      RC_ASSERT(tree.tokens(sequence) == brute.tokens_of(sequence));
      RC_ASSERT(tree.length(sequence) == std::ssize(tree.tokens(sequence)));
      const auto own =
          std::ranges::count_if(brute.cells, [&](const auto& cell) { return cell.holders == std::set<int>{sequence}; });
      RC_ASSERT(tree.own_cells(sequence) == own);
      const int some = *rc::gen::inRange(0, 12);
      const auto unpinned = std::ranges::count_if(brute.cells, [&](const auto& cell) {
        return cell.holders.contains(sequence) && cell.position < some &&
               std::ranges::none_of(cell.holders, [&](int holder) { return brute.pinned.contains(holder); });
      });
      RC_ASSERT(tree.unpinned(sequence, some) == unpinned);
    }
  }
  for (const auto& [sequence, flavour] : brute.flavours) tree.remove(sequence);
  RC_ASSERT(tree.nodes() == 0);
  RC_ASSERT(tree.cells() == 0);
}

RC_GTEST_PROP(PrefixTreeProperty, FindsAsLongABeginningAsTryingAll, ()) {
  PrefixTree tree;
  BruteForce brute;
  int next_id = 0;
  const int steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) do_something(tree, brute, next_id);
  const Tokens wanted = any_tokens(12);
  const bool whole_only = *rc::gen::arbitrary<bool>();
  const int except = *rc::gen::inRange(-1, 4);
  int best = 0;
  for (const auto& [sequence, flavour] : brute.flavours) {
    if (flavour != 0 || sequence == except) continue;
    const Tokens held = brute.tokens_of(sequence);
    const auto common = static_cast<int>(std::ranges::mismatch(held, wanted).in1 - held.begin());
    if (!whole_only || common == std::ssize(held)) best = std::max(best, common);
  }
  const auto match = tree.longest(0, wanted, whole_only, except);
  RC_ASSERT(match.tokens == best);
  if (best == 0) return;
  RC_ASSERT(match.sequence != except);
  const Tokens held = brute.tokens_of(match.sequence);
  RC_ASSERT(std::ssize(held) >= best);
  RC_ASSERT(std::equal(held.begin(), held.begin() + best, wanted.begin()));
  RC_ASSERT(!whole_only || match.whole);
  if (match.whole) RC_ASSERT(std::ssize(held) == best);
}

}  // namespace
}  // namespace zubr::engine
