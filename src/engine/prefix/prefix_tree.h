// PrefixTree: which sequences of a context share which cells of its cache. A radix tree of tokens that counts what
// llama.cpp does with one pool of cells: a cell is in use while a sequence holds it, and a copied beginning costs no
// cells.
//
//   tree.create(0, kPlain);   tree.append(0, prompt);            // 0 was evaluated
//   tree.longest(kPlain, other)  →  {.sequence = 0, .tokens = 1000}
//   tree.fork(0, 1000, 5);                                       // 5 begins like 0: llama_memory_seq_cp
//
// Sequences of different flavours (the adapters that they were evaluated with) share nothing. A pinned sequence is one
// that runs; pinned_cells() is what no eviction can free.
//
// Two sequences that evaluated equal tokens each for itself hold two sets of cells, as in the context.
// Pure. Threads: one at a time. Sequence ids are the caller's; the functions expect ids in the state they say.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "engine/token.h"

namespace zubr::engine {

using Flavour = std::uint64_t;

class PrefixTree {
 public:
  PrefixTree();
  ~PrefixTree();
  PrefixTree(const PrefixTree&) = delete;
  PrefixTree& operator=(const PrefixTree&) = delete;

  void create(int sequence, Flavour flavour);     // a new id, without tokens
  void fork(int from, int tokens, int sequence);  // a new id that begins with so many tokens of `from`
  void append(int sequence, std::span<const Token> tokens);
  void truncate(int sequence, int tokens);  // leaves the first ones
  void remove(int sequence);
  void pin(int sequence, bool pinned);

  struct Match {
    int sequence = -1;  // -1: nothing in common
    int tokens = 0;
    bool whole = false;  // it is all that the sequence holds
  };
  // The sequence with the longest common beginning; among equals a whole and unpinned one first. `except` does not
  // count. whole_only: what is not wholly a beginning of the tokens does not count (a state that cannot be cut).
  Match longest(Flavour flavour, std::span<const Token> tokens, bool whole_only = false, int except = -1) const;

  bool contains(int sequence) const { return sequences_.contains(sequence); }
  int length(int sequence) const;
  Tokens tokens(int sequence) const;
  std::int64_t cells() const { return cells_; }
  std::int64_t pinned_cells() const { return pinned_cells_; }
  std::int64_t own_cells(int sequence) const;             // that its removal would free
  std::int64_t unpinned(int sequence, int tokens) const;  // of its first tokens, that no pinned one holds
  int nodes() const;                                      // for tests: of all flavours, without roots

 private:
  struct Node;
  struct End {
    Node* node;
    bool pinned;
  };

  void release(Node* node, bool pinned);
  void hold(Node* node, bool pinned);
  Node* split(Node* node, std::size_t offset);
  Node* cut(Node* node, int tokens);

  std::map<Flavour, std::unique_ptr<Node>> roots_;
  std::map<int, End> sequences_;
  std::int64_t cells_ = 0, pinned_cells_ = 0;
};

}  // namespace zubr::engine
