// What the built-in model's material is made from, read into memory. Formats: see README.md. Every reader gives
// kNotFound or kCorrupt with the file's name. Plain data; read once, then shared freely.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace zubr::builtin {

// One meaning with the names it goes by and texts that belong to it, in both languages.
struct Concept {
  std::string id;
  int parent = -1;
  std::vector<std::string> labels_en, labels_pl;
  std::vector<std::string> words_en, words_pl;
  std::vector<std::pair<std::string, std::string>> taxonomy;  // names of linked taxonomy nodes, English and Polish
  std::vector<int> children, excluded;
};

Result<std::vector<Concept>> read_concepts(const std::filesystem::path& file, char separator);

struct TaxonomyNode {
  std::string id, en, pl;
  int parent = -1;
  int depth = 0;
  int end = 0;  // nodes [index, end) are this one and everything below it
};
Result<std::vector<TaxonomyNode>> read_taxonomy(const std::filesystem::path& folder);

// Adds the names below each linked node to its concept. `links`: "concept node node …" a line.
Result<void> link_taxonomy(const std::filesystem::path& links, const std::vector<TaxonomyNode>& nodes,
                           std::vector<Concept>& concepts);

// Texts with one of a fixed set of labels.
struct LabelledSet {
  std::vector<std::string> labels_en, labels_pl;  // parallel; labels_pl may be empty
  std::vector<std::vector<std::string>> texts;    // per label
};

// "Red [Color]" lines: the attribute is the label. Both languages by id; values with digits are left out.
struct AttributeValue {
  std::string en, pl, attribute_en, attribute_pl;
};
Result<std::vector<AttributeValue>> read_attributes(const std::filesystem::path& folder);

Result<LabelledSet> read_banking(const std::filesystem::path& csv);
Result<LabelledSet> read_products(const std::filesystem::path& csv);
// 0 neutral, 1 ambiguous, 2 positive, 3 negative
Result<LabelledSet> read_reviews(const std::filesystem::path& file);
// Short descriptions of packages by section, English ones and those translated to Polish.
Result<LabelledSet> read_packages(const std::filesystem::path& folder, const std::filesystem::path& section_names);

// One CSV row (quotes doubled inside quotes, no line breaks inside a field).
std::vector<std::string> csv_fields(std::string_view line);

}  // namespace zubr::builtin
