// A LabelTask in tokens: what is shared, what follows each text, and the labels.
// Immutable after build(); any thread. Keeps its Model alive.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/labels/label_trie.h"
#include "engine/llama/model.h"
#include "inference/labels.h"

namespace zubr::engine {

class LabelPrompt {
 public:
  // Errors as open_label_scorer().
  static Result<LabelPrompt> build(std::shared_ptr<const Model> model, const inference::LabelTask& task);

  const Tokens& shared() const { return shared_; }
  const LabelTrie& trie() const { return trie_; }
  int row_tokens() const { return row_tokens_; }  // the most one row may have

  // The tokens of a row. kTooLarge, kInvalidArgument.
  Result<Tokens> row(std::string_view text) const;

 private:
  LabelPrompt(std::shared_ptr<const Model> model, LabelTrie trie) : model_(std::move(model)), trie_(std::move(trie)) {}

  std::shared_ptr<const Model> model_;
  LabelTrie trie_;
  Tokens shared_, tail_;
  std::string text_prefix_;
  int row_tokens_ = 0;
};

}  // namespace zubr::engine
