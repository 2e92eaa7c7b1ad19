// Makes the built-in model's training and held-out material: label lists drawn at random from mixed sets, texts to be
// put under them.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "sources.h"
#include "text.h"

namespace zubr::builtin {

struct Sources {
  std::vector<Concept> shop, topics, support;
  std::vector<TaxonomyNode> taxonomy;
  std::vector<AttributeValue> attributes;
  LabelledSet banking, products, reviews, packages;
};

// `data`: the folder with classification/; `packages`: see read_packages; `words`: our own word lists.
Result<Sources> read_sources(const std::filesystem::path& data, const std::filesystem::path& packages,
                             const std::filesystem::path& words, bool test_rows);

// One label on offer and where texts for it come from; nullopt when there is none (any more).
struct Choice {
  std::string label;
  std::function<std::optional<std::string>(Random&)> draw;
};

class Generator {
 public:
  // With `held_out` it draws only texts that training never sees, else only the others.
  Generator(const Sources& sources, bool held_out) : sources_(sources), held_out_(held_out) {}

  // A set of labels of one family: "shop", "taxonomy", "tops", "topics", "support", "banking", "products", "packages",
  // "reviews", "attributes", "translation", "copy" (names in other letters), "mixed". Fewer than two labels: nothing
  // could be drawn this time.
  std::vector<Choice> labels(const std::string& family, std::size_t count, Random& random) const;

  // One JSON line for training: a prompt with several texts and their answers; "" when nothing could be drawn. `easy`:
  // few labels, for the beginning.
  std::string training_line(bool easy, Random& random) const;
  // One JSON line for measuring; "" likewise.
  std::string question_line(const std::string& family, std::size_t count, Random& random) const;
  // All texts of all sources, one a line, for the vocabulary.
  void write_vocabulary_text(std::ostream& out) const;
  // Which texts belong together, for the embedding's starting values (src/train/torch/association.h). Without what is
  // held out.
  void write_associations(std::ostream& out) const;

 private:
  std::vector<Choice> concept_labels(const std::vector<const Concept*>& pool, std::size_t count, Random& random) const;
  std::vector<Choice> taxonomy_labels(bool tops, std::size_t count, Random& random) const;
  std::vector<Choice> attribute_labels(std::size_t count, Random& random) const;
  std::vector<Choice> translation_labels(bool copies, std::size_t count, Random& random) const;
  std::vector<Choice> set_labels(const LabelledSet& set, std::size_t count, Random& random) const;
  std::optional<std::string> concept_text(const std::vector<Concept>* family, const Concept& entry,
                                          Random& random) const;
  bool wanted(std::string_view key) const;

  const Sources& sources_;
  bool held_out_;
};

// The prompt that zubr classify makes, up to where the text begins (see src/bulk/prompt.cc; a test compares them).
std::string prompt(const std::string& instruction, const std::vector<std::string>& labels);

// A name as people write it: as it is, lower case, capitals.
std::string vary_label(const std::string& label, int style);
// A text as people type it: letter case, Polish letters left out, a typing error.
std::string vary_text(std::string text, Random& random);
// A search for `word`: with a colour, a size, "cheap" or "reviews" around it.
std::string as_search(const std::string& word, bool polish, Random& random);

}  // namespace zubr::builtin
