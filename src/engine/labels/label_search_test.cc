#include "engine/labels/label_search.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace zubr::engine {
namespace {

using inference::LengthNorm;

constexpr Token kEnd = 1000;

// A model for tests: the distribution after each path is a hash of the path, over `vocabulary` tokens and the end.
class HashModel {
 public:
  HashModel(unsigned seed, int vocabulary, double sharpness) : seed_(seed), size_(vocabulary), sharpness_(sharpness) {}

  double log_prob(const Tokens& path, Token token) const {
    std::vector<double> logits;
    for (int i = 0; i <= size_; ++i) logits.push_back(logit(path, i == size_ ? kEnd : i));
    const double top = *std::ranges::max_element(logits);
    double sum = 0;
    for (const double value : logits) sum += std::exp(value - top);
    return logit(path, token) - top - std::log(sum);
  }

  double log_prob_of(const Tokens& label) const {
    double sum = 0;
    Tokens path;
    for (const Token token : label) {
      sum += log_prob(path, token);
      path.push_back(token);
    }
    return sum;
  }

 private:
  double logit(const Tokens& path, Token token) const {
    std::seed_seq sequence(path.begin(), path.end());
    std::vector<unsigned> words(1);
    sequence.generate(words.begin(), words.end());
    std::mt19937 random(words[0] ^ (seed_ * 2654435761u) ^ static_cast<unsigned>(token * 40503));
    return std::normal_distribution<double>(0, sharpness_)(random);
  }

  unsigned seed_;
  int size_;
  double sharpness_;
};

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back("label" + std::to_string(i));
  return result;
}

std::vector<Tokens> with_ends(const std::vector<Tokens>& labels) {
  auto result = labels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (i == j || labels[i].size() >= labels[j].size()) continue;
      if (std::equal(labels[i].begin(), labels[i].end(), labels[j].begin())) {
        result[i].push_back(kEnd);
        break;
      }
    }
  }
  return result;
}

Tokens path_to(const LabelTrie& trie, int segment) {
  Tokens path;
  for (int at = trie.segments()[static_cast<std::size_t>(segment)].parent; at >= 0;
       at = trie.segments()[static_cast<std::size_t>(at)].parent) {
    const auto& tokens = trie.segments()[static_cast<std::size_t>(at)].tokens;
    path.insert(path.begin(), tokens.begin(), tokens.end());
  }
  return path;
}

void evaluate(LabelSearch& search, const LabelTrie& trie, int index, const HashModel& model) {
  const auto& segment = trie.segments()[static_cast<std::size_t>(index)];
  Tokens path = path_to(trie, index);
  std::vector<double> steps, children;
  for (std::size_t i = 0; i < segment.tokens.size(); ++i) {
    if (index == 0 || i > 0) steps.push_back(model.log_prob(path, segment.tokens[i]));
    path.push_back(segment.tokens[i]);
  }
  for (const auto& child : segment.children) children.push_back(model.log_prob(path, child.token));
  search.set_segment(index, steps, children);
}

// Distinct label token lists over a small vocabulary, many sharing beginnings.
rc::Gen<std::vector<Tokens>> label_sets(int vocabulary) {
  const auto label = rc::gen::mapcat(rc::gen::inRange(1, 7), [vocabulary](int length) {
    return rc::gen::container<Tokens>(static_cast<std::size_t>(length), rc::gen::inRange(0, vocabulary));
  });
  return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::set<Tokens>>(label)),
                      [](const std::set<Tokens>& set) { return std::vector<Tokens>(set.begin(), set.end()); });
}

RC_GTEST_PROP(LabelTrie, HoldsEveryLabelOnceWithItsEndWhereAnotherGoesOn, ()) {
  auto labels = *label_sets(*rc::gen::inRange(1, 5));
  std::shuffle(labels.begin(), labels.end(), std::mt19937(*rc::gen::arbitrary<unsigned>()));
  auto trie = LabelTrie::build(labels, names(labels.size()), kEnd);
  RC_ASSERT(trie.has_value());
  const auto expected = with_ends(labels);
  std::map<int, Tokens> found;
  for (int s = 0; s < static_cast<int>(trie->segments().size()); ++s) {
    const auto& segment = trie->segments()[static_cast<std::size_t>(s)];
    RC_ASSERT(segment.depth == static_cast<int>(path_to(*trie, s).size()));
    RC_ASSERT(s == 0 || !segment.tokens.empty());
    Tokens path = path_to(*trie, s);
    path.insert(path.end(), segment.tokens.begin(), segment.tokens.end());
    for (const auto& child : segment.children) {
      RC_ASSERT((child.label >= 0) != (child.segment >= 0));
      if (child.label < 0) {
        RC_ASSERT(trie->segments()[static_cast<std::size_t>(child.segment)].tokens.front() == child.token);
        continue;
      }
      RC_ASSERT(found.count(child.label) == 0u);
      found[child.label] = path;
      found[child.label].push_back(child.token);
    }
  }
  RC_ASSERT(found.size() == labels.size());
  for (const auto& [label, tokens] : found) RC_ASSERT(tokens == expected[static_cast<std::size_t>(label)]);
}

RC_GTEST_PROP(LabelSearch, FindsTheTopThatBruteForceFindsAndKeepsItsTolerance, ()) {
  const int vocabulary = *rc::gen::inRange(2, 6);
  const auto labels = *label_sets(vocabulary);
  const HashModel model(*rc::gen::arbitrary<unsigned>(), vocabulary, *rc::gen::element(0.1, 1.0, 4.0));
  SearchOptions options;
  options.length_norm = *rc::gen::element(LengthNorm::kNone, LengthNorm::kTokens);
  options.exact_top = *rc::gen::inRange(0, 4);
  options.tolerance = *rc::gen::element(0.0, 1e-3, 0.05, 0.5);
  const int fill = *rc::gen::element(0, 3);
  auto trie = LabelTrie::build(labels, names(labels.size()), kEnd);
  RC_ASSERT(trie.has_value());

  LabelSearch search(*trie, options);
  for (auto wanted = search.wanted(fill); !wanted.empty(); wanted = search.wanted(fill)) {
    for (const int segment : wanted) evaluate(search, *trie, segment, model);
  }
  RC_ASSERT(search.evaluated() <= static_cast<int>(trie->segments().size()));

  const auto scores = search.scores();
  const auto ends = with_ends(labels);
  std::vector<double> truth;
  double total = 0, unknown = 0;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const double log_prob = model.log_prob_of(ends[i]);
    truth.push_back(options.length_norm == LengthNorm::kTokens ? log_prob / static_cast<double>(ends[i].size())
                                                               : log_prob);
    total += std::exp(truth[i]);
    if (scores.exact[i]) {
      RC_ASSERT(std::abs(scores.log_prob[i] - log_prob) < 1e-3);
    } else {
      unknown += std::exp(truth[i]);
      RC_ASSERT(scores.log_prob[i] >= log_prob - 1e-3);
    }
  }
  RC_ASSERT(unknown <= options.tolerance * total + 1e-12);
  std::vector<std::size_t> order(ends.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return truth[a] > truth[b]; });
  for (std::size_t i = 0; i < std::min<std::size_t>(order.size(), static_cast<std::size_t>(options.exact_top)); ++i) {
    RC_ASSERT(scores.exact[order[i]]);
  }
}

TEST(LabelSearch, EvaluatesOnlyThePromisingBranchOfAPeakedRow) {
  // 50 labels of two tokens: brute force needs 51 evaluations.
  std::vector<Tokens> labels;
  for (Token first = 0; first < 50; ++first) {
    labels.push_back({first, 100});
    labels.push_back({first, 101});
  }
  auto trie = LabelTrie::build(labels, names(labels.size()), kEnd);
  ASSERT_TRUE(trie);
  LabelSearch search(*trie, {.exact_top = 2, .tolerance = 1e-3});
  std::vector<double> children(50, std::log(1e-6));
  children[7] = std::log(0.9);
  ASSERT_EQ(search.wanted(), std::vector<int>{0});
  search.set_segment(0, {}, children);
  const auto wanted = search.wanted();
  ASSERT_EQ(wanted.size(), 1u);
  const double half = std::log(0.5);
  search.set_segment(wanted[0], {}, std::vector<double>{half, half});
  EXPECT_TRUE(search.wanted().empty());
  EXPECT_EQ(search.evaluated(), 2);
}

TEST(LabelTrie, NamesTheTwoLabelsThatAreTheSameTokens) {
  const std::vector<Tokens> labels{{1, 2}, {3}, {1, 2}};
  const std::vector<std::string> names{"Shoe", "Hat", "shoe "};
  auto trie = LabelTrie::build(labels, names, kEnd);
  ASSERT_FALSE(trie);
  EXPECT_EQ(trie.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(trie.error().message().find("'Shoe'"), std::string::npos);
  EXPECT_NE(trie.error().message().find("'shoe '"), std::string::npos);
}

TEST(LabelTrie, RefusesNoLabelsEmptyLabelsAndPrefixesWithoutAnEnd) {
  EXPECT_EQ(LabelTrie::build({}, {}, kEnd).error().code(), ErrorCode::kInvalidArgument);
  const std::vector<Tokens> empty{{1}, {}};
  EXPECT_EQ(LabelTrie::build(empty, names(2), kEnd).error().code(), ErrorCode::kInvalidArgument);
  const std::vector<Tokens> prefix{{1}, {1, 2}};
  EXPECT_EQ(LabelTrie::build(prefix, names(2), kNoToken).error().code(), ErrorCode::kUnsupported);
}

TEST(LabelSearch, TakesTenThousandLabels) {
  std::mt19937 random(7);
  std::set<Tokens> set;
  while (set.size() < 10'000) {
    Tokens label;
    for (int i = 1 + static_cast<int>(random() % 5); i > 0; --i) label.push_back(static_cast<Token>(random() % 60));
    set.insert(label);
  }
  const std::vector<Tokens> labels(set.begin(), set.end());
  auto trie = LabelTrie::build(labels, names(labels.size()), kEnd);
  ASSERT_TRUE(trie);
  EXPECT_EQ(trie->label_count(), 10'000);
  const HashModel model(1, 60, 6.0);
  LabelSearch search(*trie, {.exact_top = 1, .tolerance = 0.01});
  int rounds = 0;
  for (auto wanted = search.wanted(); !wanted.empty(); wanted = search.wanted(), ++rounds) {
    for (const int segment : wanted) evaluate(search, *trie, segment, model);
  }
  const auto scores = search.scores();
  EXPECT_GT(std::ranges::count(scores.exact, true), 0);
  EXPECT_LT(search.evaluated(), static_cast<int>(trie->segments().size()) / 4);
}

}  // namespace
}  // namespace zubr::engine
