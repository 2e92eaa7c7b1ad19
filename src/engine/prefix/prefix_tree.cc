#include "engine/prefix/prefix_tree.h"

#include <algorithm>

namespace zubr::engine {

struct PrefixTree::Node {
  Node* parent = nullptr;
  Tokens tokens = {};          // on the way from the parent
  int refs = 0;                // sequences that pass through or end here
  int pins = 0;                // of them, pinned
  std::vector<int> ends = {};  // sequences that end here
  std::vector<std::unique_ptr<Node>> children = {};

  int begin() const { return parent ? parent->begin() + static_cast<int>(parent->tokens.size()) : 0; }
  int end() const { return begin() + static_cast<int>(tokens.size()); }
};

PrefixTree::PrefixTree() = default;
PrefixTree::~PrefixTree() = default;

void PrefixTree::create(int sequence, Flavour flavour) {
  auto& root = roots_[flavour];
  if (!root) root = std::make_unique<Node>();
  ++root->refs;
  root->ends.push_back(sequence);
  sequences_[sequence] = {root.get(), false};
}

// One sequence more on the way to `node`.
void PrefixTree::hold(Node* node, bool pinned) {
  for (; node; node = node->parent) {
    ++node->refs;
    if (pinned && ++node->pins == 1) pinned_cells_ += std::ssize(node->tokens);
  }
}

// One sequence less on the way to `node`; nodes that nobody needs go.
void PrefixTree::release(Node* node, bool pinned) {
  while (node) {
    Node* parent = node->parent;
    if (pinned && --node->pins == 0) pinned_cells_ -= std::ssize(node->tokens);
    if (--node->refs == 0 && parent) {
      cells_ -= std::ssize(node->tokens);
      std::erase_if(parent->children, [node](const auto& child) { return child.get() == node; });
    }
    node = parent;
  }
}

// Cuts a node in two; returns the upper one. Who ends in or under the node stays with the lower one.
PrefixTree::Node* PrefixTree::split(Node* node, std::size_t offset) {
  Node* parent = node->parent;
  const auto own = std::ranges::find_if(parent->children, [node](const auto& child) { return child.get() == node; });
  auto upper = std::make_unique<Node>();
  upper->parent = parent;
  upper->tokens.assign(node->tokens.begin(), node->tokens.begin() + static_cast<std::ptrdiff_t>(offset));
  upper->refs = node->refs;
  upper->pins = node->pins;
  node->tokens.erase(node->tokens.begin(), node->tokens.begin() + static_cast<std::ptrdiff_t>(offset));
  node->parent = upper.get();
  upper->children.push_back(std::move(*own));
  *own = std::move(upper);
  return own->get();
}

// The node on the way to `node` that ends after so many tokens.
PrefixTree::Node* PrefixTree::cut(Node* node, int tokens) {
  while (node->parent && node->begin() >= tokens) node = node->parent;
  const int begin = node->begin();
  return node->end() == tokens ? node : split(node, static_cast<std::size_t>(tokens - begin));
}

void PrefixTree::fork(int from, int tokens, int sequence) {
  Node* node = cut(sequences_.at(from).node, tokens);
  hold(node, false);
  node->ends.push_back(sequence);
  sequences_[sequence] = {node, false};
}

void PrefixTree::append(int sequence, std::span<const Token> tokens) {
  if (tokens.empty()) return;
  End& end = sequences_.at(sequence);
  if (!end.node->parent || end.node->refs > 1) {
    Node* parent = end.node;
    auto& child = parent->children.emplace_back(std::make_unique<Node>());
    child->parent = parent;
    child->refs = 1;
    child->pins = end.pinned ? 1 : 0;
    child->ends.push_back(sequence);
    std::erase(parent->ends, sequence);
    end.node = child.get();
  }
  end.node->tokens.insert(end.node->tokens.end(), tokens.begin(), tokens.end());
  cells_ += std::ssize(tokens);
  if (end.pinned) pinned_cells_ += std::ssize(tokens);
}

void PrefixTree::truncate(int sequence, int tokens) {
  End& end = sequences_.at(sequence);
  if (tokens >= end.node->end()) return;
  Node* old = end.node;
  Node* node = cut(old, tokens);
  std::erase(old->ends, sequence);
  node->ends.push_back(sequence);
  hold(node, end.pinned);
  release(old, end.pinned);
  end.node = node;
}

void PrefixTree::remove(int sequence) {
  const End end = sequences_.at(sequence);
  std::erase(end.node->ends, sequence);
  sequences_.erase(sequence);
  release(end.node, end.pinned);
}

void PrefixTree::pin(int sequence, bool pinned) {
  End& end = sequences_.at(sequence);
  if (end.pinned == pinned) return;
  end.pinned = pinned;
  for (Node* node = end.node; node; node = node->parent) {
    node->pins += pinned ? 1 : -1;
    if (pinned ? node->pins == 1 : node->pins == 0)
      pinned_cells_ += pinned ? std::ssize(node->tokens) : -std::ssize(node->tokens);
  }
}

PrefixTree::Match PrefixTree::longest(Flavour flavour, std::span<const Token> tokens, bool whole_only,
                                      int except) const {
  const auto root = roots_.find(flavour);
  if (root == roots_.end()) return {};
  Match best;
  bool best_idle = false;
  const auto offer = [&](int sequence, int count, bool whole) {
    const bool idle = whole && !sequences_.at(sequence).pinned;
    if (sequence == except || count < best.tokens || (count == best.tokens && (best_idle || !idle))) return;
    if (count == 0) return;
    best = {sequence, count, whole};
    best_idle = idle;
  };
  // Any sequence that passes through the node and is not the excepted one.
  const auto any_below = [&](const Node* from) {
    std::vector<const Node*> open = {from};
    while (!open.empty()) {
      const Node* node = open.back();
      open.pop_back();
      for (const int sequence : node->ends) {
        if (sequence != except) return sequence;
      }
      for (const auto& child : node->children) open.push_back(child.get());
    }
    return except;
  };
  struct Step {
    const Node* node;
    std::size_t begin;
  };
  std::vector<Step> open = {{root->second.get(), 0}};
  while (!open.empty()) {
    const auto [node, begin] = open.back();
    open.pop_back();
    const auto rest = tokens.subspan(begin);
    const auto common = static_cast<std::size_t>(std::ranges::mismatch(node->tokens, rest).in1 - node->tokens.begin());
    const int count = static_cast<int>(begin + common);
    const bool all = common == node->tokens.size();
    if (all) {
      for (const int sequence : node->ends) offer(sequence, count, true);
      for (const auto& child : node->children) open.push_back({child.get(), begin + common});
    }
    if (!whole_only && common > 0 && count > best.tokens) offer(any_below(node), count, false);
  }
  return best;
}

int PrefixTree::length(int sequence) const { return sequences_.at(sequence).node->end(); }

Tokens PrefixTree::tokens(int sequence) const {
  std::vector<const Node*> path;
  for (const Node* node = sequences_.at(sequence).node; node; node = node->parent) path.push_back(node);
  Tokens all;
  for (auto node = path.rbegin(); node != path.rend(); ++node)
    all.insert(all.end(), (*node)->tokens.begin(), (*node)->tokens.end());
  return all;
}

std::int64_t PrefixTree::own_cells(int sequence) const {
  std::int64_t count = 0;
  for (const Node* node = sequences_.at(sequence).node; node && node->refs == 1; node = node->parent)
    count += std::ssize(node->tokens);
  return count;
}

std::int64_t PrefixTree::unpinned(int sequence, int tokens) const {
  std::int64_t count = 0;
  for (const Node* node = sequences_.at(sequence).node; node && node->pins == 0; node = node->parent)
    count += std::clamp(tokens - node->begin(), 0, static_cast<int>(node->tokens.size()));
  return count;
}

int PrefixTree::nodes() const {
  int count = 0;
  std::vector<const Node*> open;
  for (const auto& [flavour, root] : roots_) open.push_back(root.get());
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    for (const auto& child : node->children) open.push_back(child.get()), ++count;
  }
  return count;
}

}  // namespace zubr::engine
