#include "sources.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <unordered_map>

#include "text.h"

namespace zubr::builtin {
namespace {

Result<std::vector<std::string>> read_lines(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open '{}'", file.string());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

// "gid://…/aa-1 : name" lines as id → name.
Result<std::vector<std::pair<std::string, std::string>>> read_ids(const std::filesystem::path& file) {
  ZUBR_TRY(lines, read_lines(file));
  std::vector<std::pair<std::string, std::string>> entries;
  for (const std::string& line : lines) {
    const auto colon = line.find(" : ");
    if (line.starts_with('#') || colon == std::string::npos) continue;
    const std::string gid(trim(line.substr(0, colon)));
    entries.emplace_back(gid.substr(gid.rfind('/') + 1), std::string(trim(line.substr(colon + 3))));
  }
  if (entries.empty()) return fail(ErrorCode::kCorrupt, "'{}' has no 'id : name' lines", file.string());
  return entries;
}

std::string last_name(const std::string& path) {
  const auto at = path.rfind(" > ");
  return at == std::string::npos ? path : path.substr(at + 3);
}

bool has_digit(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void append(std::vector<std::string>& to, std::vector<std::string> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

int label_index(std::unordered_map<std::string, int>& index, LabelledSet& set, const std::string& key,
                const std::string& label) {
  const auto [at, fresh] = index.emplace(key, static_cast<int>(set.labels_en.size()));
  if (fresh) {
    set.labels_en.push_back(label);
    set.texts.emplace_back();
  }
  return at->second;
}

}  // namespace

std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else {
        quoted = !quoted;
      }
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

Result<std::vector<Concept>> read_concepts(const std::filesystem::path& file, char separator) {
  ZUBR_TRY(lines, read_lines(file));
  std::vector<Concept> concepts;
  std::vector<std::string> parents;
  std::vector<std::vector<std::string>> excluded;
  for (const std::string& line : lines) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '@') {
      const auto words = split(line.substr(1), ' ');
      if (words.size() != 2) return fail(ErrorCode::kCorrupt, "'{}': '{}' is not '@name parent'", file.string(), line);
      concepts.emplace_back().id = words[0];
      parents.push_back(words[1]);
      excluded.emplace_back();
      continue;
    }
    if (concepts.empty() || line.size() < 3 || line[1] != ':')
      return fail(ErrorCode::kCorrupt, "'{}': cannot read '{}'", file.string(), line);
    Concept& entry = concepts.back();
    const std::string_view rest = std::string_view(line).substr(2);
    switch (line[0]) {
      case 'e': append(entry.labels_en, split(rest, '|')); break;
      case 'p': append(entry.labels_pl, split(rest, '|')); break;
      case 'E': append(entry.words_en, split(rest, separator)); break;
      case 'P': append(entry.words_pl, split(rest, separator)); break;
      case 'x': append(excluded.back(), split(rest, ' ')); break;
      default: return fail(ErrorCode::kCorrupt, "'{}': cannot read '{}'", file.string(), line);
    }
  }
  const auto find = [&](const std::string& id) {
    const auto at = std::ranges::find(concepts, id, &Concept::id);
    return at == concepts.end() ? -1 : static_cast<int>(at - concepts.begin());
  };
  for (std::size_t i = 0; i < concepts.size(); ++i) {
    const int self = static_cast<int>(i), parent = find(parents[i]);
    if (parent < 0 && parents[i] != "-")
      return fail(ErrorCode::kCorrupt, "'{}': '{}' has the unknown parent '{}'", file.string(), concepts[i].id,
                  parents[i]);
    concepts[i].parent = parent;
    if (parent >= 0) concepts[static_cast<std::size_t>(parent)].children.push_back(self);
    for (const std::string& name : excluded[i]) {
      const int other = find(name);
      if (other < 0)
        return fail(ErrorCode::kCorrupt, "'{}': '{}' excludes the unknown '{}'", file.string(), concepts[i].id, name);
      concepts[i].excluded.push_back(other);
      concepts[static_cast<std::size_t>(other)].excluded.push_back(self);
    }
  }
  return concepts;
}

Result<std::vector<TaxonomyNode>> read_taxonomy(const std::filesystem::path& folder) {
  ZUBR_TRY(english, read_ids(folder / "en/categories.txt"));
  ZUBR_TRY(polish, read_ids(folder / "pl/categories.txt"));
  std::unordered_map<std::string, std::string> names_pl(polish.begin(), polish.end());
  std::vector<TaxonomyNode> nodes;
  std::unordered_map<std::string, int> index;
  for (const auto& [id, path] : english) {
    const auto name_pl = names_pl.find(id);
    if (name_pl == names_pl.end()) continue;
    TaxonomyNode node{id, last_name(path), last_name(name_pl->second)};
    if (const auto dash = id.rfind('-'); dash != std::string::npos) {
      const auto parent = index.find(id.substr(0, dash));
      if (parent == index.end()) continue;
      node.parent = parent->second;
      node.depth = nodes[static_cast<std::size_t>(parent->second)].depth + 1;
    }
    index.emplace(id, static_cast<int>(nodes.size()));
    nodes.push_back(std::move(node));
  }
  // The file lists a node right before everything below it.
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string prefix = nodes[i].id + "-";
    std::size_t end = i + 1;
    while (end < nodes.size() && nodes[end].id.starts_with(prefix)) ++end;
    nodes[i].end = static_cast<int>(end);
  }
  return nodes;
}

Result<void> link_taxonomy(const std::filesystem::path& links, const std::vector<TaxonomyNode>& nodes,
                           std::vector<Concept>& concepts) {
  ZUBR_TRY(lines, read_lines(links));
  for (const std::string& line : lines) {
    if (line.empty() || line[0] == '#') continue;
    const auto words = split(line, ' ');
    const auto entry = std::ranges::find(concepts, words[0], &Concept::id);
    if (entry == concepts.end())
      return fail(ErrorCode::kCorrupt, "'{}': unknown concept '{}'", links.string(), words[0]);
    for (std::size_t w = 1; w < words.size(); ++w) {
      const auto root = std::ranges::find(nodes, words[w], &TaxonomyNode::id);
      if (root == nodes.end()) return fail(ErrorCode::kCorrupt, "'{}': unknown node '{}'", links.string(), words[w]);
      for (int i = static_cast<int>(root - nodes.begin()); i < root->end; ++i)
        entry->taxonomy.emplace_back(nodes[static_cast<std::size_t>(i)].en, nodes[static_cast<std::size_t>(i)].pl);
    }
  }
  return {};
}

Result<std::vector<AttributeValue>> read_attributes(const std::filesystem::path& folder) {
  ZUBR_TRY(english, read_ids(folder / "en/attribute_values.txt"));
  ZUBR_TRY(polish, read_ids(folder / "pl/attribute_values.txt"));
  std::unordered_map<std::string, std::string> names_pl(polish.begin(), polish.end());
  std::vector<AttributeValue> values;
  const auto cut = [](const std::string& text) {
    const auto open = text.rfind(" [");
    if (open == std::string::npos || text.back() != ']') return std::pair<std::string, std::string>();
    return std::pair(text.substr(0, open), text.substr(open + 2, text.size() - open - 3));
  };
  for (const auto& [id, text] : english) {
    const auto at = names_pl.find(id);
    if (at == names_pl.end()) continue;
    const auto [en, attribute_en] = cut(text);
    const auto [pl, attribute_pl] = cut(at->second);
    if (en.empty() || pl.empty() || en == "Other" || has_digit(en) || en.size() > 60 || pl.size() > 60) continue;
    values.push_back({en, pl, attribute_en, attribute_pl});
  }
  return values;
}

Result<LabelledSet> read_banking(const std::filesystem::path& csv) {
  ZUBR_TRY(lines, read_lines(csv));
  LabelledSet set;
  std::unordered_map<std::string, int> index;
  for (const std::string& line : lines) {
    const auto fields = csv_fields(line);
    if (fields.size() != 2 || fields[1] == "category" || fields[0].size() > 200) continue;
    std::string label = fields[1];
    std::ranges::replace(label, '_', ' ');
    set.texts[static_cast<std::size_t>(label_index(index, set, fields[1], capitalised(label)))].push_back(fields[0]);
  }
  return set;
}

Result<LabelledSet> read_products(const std::filesystem::path& csv) {
  ZUBR_TRY(lines, read_lines(csv));
  const std::map<std::string, std::string> polish = {{"Mobile Phones", "Telefony komórkowe"},
                                                     {"TVs", "Telewizory"},
                                                     {"CPUs", "Procesory"},
                                                     {"Digital Cameras", "Aparaty cyfrowe"},
                                                     {"Microwaves", "Mikrofalówki"},
                                                     {"Dishwashers", "Zmywarki"},
                                                     {"Washing Machines", "Pralki"},
                                                     {"Freezers", "Zamrażarki"},
                                                     {"Fridge Freezers", "Lodówki z zamrażarką"},
                                                     {"Fridges", "Lodówki"}};
  LabelledSet set;
  std::unordered_map<std::string, int> index;
  for (const std::string& line : lines) {
    const auto fields = csv_fields(line);
    if (fields.size() < 4) continue;
    const auto label = polish.find(fields[3]);
    if (label == polish.end() || fields[1].empty() || fields[1].size() > 90) continue;
    const int at = label_index(index, set, label->first, label->first);
    if (set.labels_pl.size() < set.labels_en.size()) set.labels_pl.push_back(label->second);
    set.texts[static_cast<std::size_t>(at)].push_back(fields[1]);
  }
  return set;
}

Result<LabelledSet> read_reviews(const std::filesystem::path& file) {
  ZUBR_TRY(lines, read_lines(file));
  LabelledSet set;
  set.labels_en = {"Neutral", "Mixed", "Positive", "Negative"};
  set.labels_pl = {"Neutralna", "Mieszana", "Pozytywna", "Negatywna"};
  set.texts.resize(4);
  for (const std::string& line : lines) {
    if (line.size() < 4 || line[0] < '0' || line[0] > '3' || line[1] != ' ' || line.size() > 160) continue;
    set.texts[static_cast<std::size_t>(line[0] - '0')].emplace_back(trim(line.substr(2)));
  }
  return set;
}

Result<LabelledSet> read_packages(const std::filesystem::path& folder, const std::filesystem::path& section_names) {
  ZUBR_TRY(names, read_lines(section_names));
  LabelledSet set;
  std::unordered_map<std::string, int> index;
  for (const std::string& line : names) {
    const auto parts = split(line, '|');
    if (parts.size() != 3) continue;
    label_index(index, set, parts[0], parts[1]);
    set.labels_pl.push_back(parts[2]);
  }
  std::unordered_map<std::string, int> section_of;
  ZUBR_TRY(packages, read_lines(folder / "packages.txt"));
  std::string package;
  for (const std::string& line : packages) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (!line.starts_with("Section: ")) continue;
    if (const auto at = index.find(line.substr(9)); at != index.end()) section_of[package] = at->second;
  }
  for (const char* language : {"en", "pl"}) {
    ZUBR_TRY(lines, read_lines(folder / ("descriptions." + std::string(language) + ".txt")));
    const std::string field = "Description-" + std::string(language) + ": ";
    int counter = 0;
    for (const std::string& line : lines) {
      if (line.starts_with("Package: ")) package = line.substr(9);
      if (!line.starts_with(field)) continue;
      const auto at = section_of.find(package);
      // The English ones are fifteen times as many; every third is enough.
      if (at == section_of.end() || (language[0] == 'e' && ++counter % 3 != 0)) continue;
      set.texts[static_cast<std::size_t>(at->second)].push_back(line.substr(field.size()));
    }
  }
  return set;
}

}  // namespace zubr::builtin
