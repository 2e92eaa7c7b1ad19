#include "engine/labels/label_trie.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace zubr::engine {
namespace {

bool begins(const Tokens& shorter, const Tokens& longer) {
  return shorter.size() <= longer.size() && std::equal(shorter.begin(), shorter.end(), longer.begin());
}

std::vector<int> token_order(const std::vector<Tokens>& labels) {
  std::vector<int> order(labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, [&](int a, int b) { return labels[static_cast<std::size_t>(a)] < labels[static_cast<std::size_t>(b)]; });
  return order;
}

}  // namespace

struct LabelTrie::Builder {
  const std::vector<Tokens>& labels;
  LabelTrie& trie;
  struct Task {
    int segment;
    std::size_t first, last;  // range of trie.sorted_
    std::size_t depth;        // tokens that they share so far
  };

  Token token_at(std::size_t position, std::size_t depth) const {
    return labels[static_cast<std::size_t>(trie.sorted_[position])][depth];
  }

  // Fills one segment from its labels; returns the segments that hang below it.
  std::vector<Task> fill(const Task& task) {
    std::size_t depth = task.depth;
    Tokens tokens = std::move(trie.segments_[static_cast<std::size_t>(task.segment)].tokens);
    // Sorted, so all share a token when the first and the last do. A leaf is not part of a segment.
    const auto inner = [&](std::size_t position) {
      return labels[static_cast<std::size_t>(trie.sorted_[position])].size() > depth + 1;
    };
    while (token_at(task.first, depth) == token_at(task.last - 1, depth) && inner(task.first)) {
      tokens.push_back(token_at(task.first, depth));
      ++depth;
    }
    std::vector<Task> below;
    std::vector<Child> children;
    for (std::size_t first = task.first; first < task.last;) {
      std::size_t last = first + 1;
      while (last < task.last && token_at(last, depth) == token_at(first, depth)) ++last;
      Child child;
      child.token = token_at(first, depth);
      if (last == first + 1 && !inner(first)) {
        child.label = trie.sorted_[first];
      } else {
        child.segment = static_cast<int>(trie.segments_.size());
        Segment& segment = trie.segments_.emplace_back();
        segment.parent = task.segment;
        segment.depth = static_cast<int>(depth);
        segment.tokens.push_back(child.token);
        below.push_back({child.segment, first, last, depth + 1});
      }
      children.push_back(child);
      first = last;
    }
    std::map<int, int> lengths;
    for (std::size_t i = task.first; i < task.last; ++i) {
      ++lengths[trie.lengths_[static_cast<std::size_t>(trie.sorted_[i])]];
    }
    Segment& segment = trie.segments_[static_cast<std::size_t>(task.segment)];
    segment.tokens = std::move(tokens);
    segment.children = std::move(children);
    for (const auto& [length, count] : lengths) segment.lengths.push_back({length, count});
    segment.first_label = static_cast<int>(task.first);
    segment.last_label = static_cast<int>(task.last);
    return below;
  }
};

Result<LabelTrie> LabelTrie::build(std::span<const Tokens> given, std::span<const std::string> names, Token end) {
  if (given.empty()) return fail(ErrorCode::kInvalidArgument, "there are no labels; give at least one");
  std::vector<Tokens> labels(given.begin(), given.end());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty())
      return fail(ErrorCode::kInvalidArgument, "label '{}' has no tokens; give it a text", names[i]);
  }
  // In token order, a label that begins others stands right before them.
  std::vector<int> order = token_order(labels);
  const auto name = [&](std::size_t position) { return names[static_cast<std::size_t>(order[position])]; };
  const auto same = [&](std::size_t i) {
    return labels[static_cast<std::size_t>(order[i])] == labels[static_cast<std::size_t>(order[i + 1])];
  };
  std::vector<int> to_end;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    if (same(i)) {
      return fail(ErrorCode::kInvalidArgument, "labels '{}' and '{}' are the same tokens for this model; rename one",
                  name(i), name(i + 1));
    }
    if (begins(labels[static_cast<std::size_t>(order[i])], labels[static_cast<std::size_t>(order[i + 1])])) {
      if (end == kNoToken) {
        return fail(ErrorCode::kUnsupported,
                    "label '{}' begins label '{}', and this model has no end token to tell them apart; rename one",
                    name(i), name(i + 1));
      }
      to_end.push_back(order[i]);
    }
  }
  for (const int label : to_end) labels[static_cast<std::size_t>(label)].push_back(end);
  order = token_order(labels);
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    if (begins(labels[static_cast<std::size_t>(order[i])], labels[static_cast<std::size_t>(order[i + 1])])) {
      return fail(ErrorCode::kInvalidArgument, "labels '{}' and '{}' cannot be told apart: one has the end token in it",
                  name(i), name(i + 1));
    }
  }
  LabelTrie trie;
  trie.sorted_ = std::move(order);
  for (const Tokens& label : labels) {
    trie.lengths_.push_back(static_cast<int>(label.size()));
    trie.longest_ = std::max(trie.longest_, trie.lengths_.back());
  }
  trie.segments_.emplace_back();
  Builder builder{labels, trie};
  std::vector<Builder::Task> tasks{{0, 0, labels.size(), 0}};
  for (std::size_t next = 0; next < tasks.size(); ++next) {
    const auto below = builder.fill(tasks[next]);
    tasks.insert(tasks.end(), below.begin(), below.end());
  }
  return trie;
}

std::span<const int> LabelTrie::labels_below(int segment) const {
  const Segment& at = segments_[static_cast<std::size_t>(segment)];
  return std::span(sorted_).subspan(static_cast<std::size_t>(at.first_label),
                                    static_cast<std::size_t>(at.last_label - at.first_label));
}

}  // namespace zubr::engine
