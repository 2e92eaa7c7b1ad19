// GrammarCache: JSON schemas as grammars, each compiled once. Also remembers what cannot be compiled.
//
// Never fails open: a schema has a grammar that holds its answers, or an error before any token.
// Threads: any.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>

#include "core/result.h"

namespace zubr::engine {

inline constexpr std::size_t kMaxGrammarBytes = 1 << 20;

class GrammarCache {
 public:
  explicit GrammarCache(std::size_t entries = 64) : most_(entries) {}

  // kInvalidArgument as of check_schema() and grammar_from_schema(), or where the grammar is over kMaxGrammarBytes.
  Result<std::string> grammar(const std::string& schema);
  std::size_t compiled() const;  // so far, for tests

 private:
  struct Entry {
    Result<std::string> grammar;
    std::list<std::string>::iterator use;
  };
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // guarded by mutex_, as what follows
  std::list<std::string> uses_;           // last used first
  std::size_t compiled_ = 0;
};

}  // namespace zubr::engine
