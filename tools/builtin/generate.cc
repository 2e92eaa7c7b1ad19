#include "generate.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>

namespace zubr::builtin {
namespace {

namespace json = boost::json;

constexpr const char* kDefaultInstruction = "Which category fits the text best? Answer with the category only.";
constexpr std::array<const char*, 14> kInstructions = {
    "Choose the category.",
    "Classify the text.",
    "Pick the best category for the text.",
    "Assign the text to one of the categories.",
    "What is this about? Answer with one category.",
    "Which category does this product belong to?",
    "What does the customer want? Answer with the category only.",
    "Label the text with one of the categories below.",
    "Która kategoria najlepiej pasuje do tekstu? Odpowiedz samą kategorią.",
    "Wybierz kategorię.",
    "Przypisz tekst do jednej z kategorii.",
    "Do jakiej kategorii należy ten produkt?",
    "Sklasyfikuj tekst. Podaj tylko kategorię.",
    "O czym jest ten tekst?"};

enum class Language { kEnglish, kPolish, kMixed };

Language pick_language(Random& random) {
  const std::size_t n = random.below(20);
  return n < 9 ? Language::kPolish : n < 17 ? Language::kEnglish : Language::kMixed;
}

bool in_polish(Language language, Random& random) {
  return language == Language::kPolish || (language == Language::kMixed && random.chance(0.5));
}

bool is_ancestor(const std::vector<Concept>& all, int upper_one, int lower_one) {
  for (int at = lower_one; at >= 0; at = all[static_cast<std::size_t>(at)].parent) {
    if (at == upper_one) return true;
  }
  return false;
}

bool compatible(const std::vector<Concept>& all, int a, int b) {
  const Concept& first = all[static_cast<std::size_t>(a)];
  return !is_ancestor(all, a, b) && !is_ancestor(all, b, a) &&
         std::ranges::find(first.excluded, b) == first.excluded.end();
}

// Adds the choice unless its label is there already, whatever its letter case.
void offer(std::vector<Choice>& choices, std::set<std::string>& labels, Choice choice) {
  if (!choice.label.empty() && labels.insert(lower(choice.label)).second) choices.push_back(std::move(choice));
}

}  // namespace

Result<Sources> read_sources(const std::filesystem::path& data, const std::filesystem::path& packages,
                             const std::filesystem::path& words, bool test_rows) {
  const auto folder = data / "classification";
  const char* part = test_rows ? "test" : "train";
  ZUBR_TRY(shop, read_concepts(words / "shop.txt", ','));
  ZUBR_TRY(topics, read_concepts(words / "topics.txt", ';'));
  ZUBR_TRY(support, read_concepts(words / "support.txt", ';'));
  ZUBR_TRY(taxonomy, read_taxonomy(folder / "taxonomy/shopify"));
  ZUBR_CHECK(link_taxonomy(words / "taxonomy.txt", taxonomy, shop));
  ZUBR_TRY(attributes, read_attributes(folder / "taxonomy/shopify"));
  ZUBR_TRY(banking, read_banking(folder / "en/banking77" / (std::string(part) + ".csv")));
  ZUBR_TRY(products, read_products(folder / "en/products-35k/products.csv"));
  ZUBR_TRY(hotels, read_reviews(folder / "pl/WCCRS_HOTELS" / (std::string(part) + ".txt")));
  ZUBR_TRY(medicine, read_reviews(folder / "pl/WCCRS_MEDICINE" / (std::string(part) + ".txt")));
  for (std::size_t i = 0; i < 4; ++i)
    hotels.texts[i].insert(hotels.texts[i].end(), medicine.texts[i].begin(), medicine.texts[i].end());
  ZUBR_TRY(sections, read_packages(packages, words / "sections.txt"));
  return Sources{std::move(shop),     std::move(topics),     std::move(support),
                 std::move(taxonomy), std::move(attributes), std::move(banking),
                 std::move(products), std::move(hotels),     std::move(sections)};
}

bool Generator::wanted(std::string_view key) const { return (stable_hash(key) % 16 == 0) == held_out_; }

std::optional<std::string> Generator::concept_text(const std::vector<Concept>* family, const Concept& entry,
                                                   Random& random) const {
  for (int attempt = 0; attempt < 40; ++attempt) {
    const Concept* from = &entry;
    if (!entry.children.empty() && random.chance(0.4))
      from = &(*family)[static_cast<std::size_t>(random.pick(entry.children))];
    const bool polish = random.chance(0.55);
    if (!from->taxonomy.empty() && random.chance(0.3)) {
      const auto& [en, pl] = random.pick(from->taxonomy);
      if (!wanted("taxonomy " + en)) continue;
      return vary_text(random.chance(0.3) ? as_search(polish ? pl : en, polish, random) : polish ? pl : en, random);
    }
    if (!held_out_ && random.chance(0.12)) {  // another name of the same thing
      const auto& names = polish ? from->labels_pl : from->labels_en;
      return vary_text(random.pick(names), random);
    }
    const auto& words = polish ? from->words_pl : from->words_en;
    if (words.empty()) continue;
    const std::string& word = random.pick(words);
    if (!wanted("word " + word)) continue;
    if (family != &sources_.shop) return vary_text(word, random);
    std::string text = as_search(word, polish, random);
    if (random.chance(0.08)) {
      const std::string& second = random.pick(words);
      if (wanted("word " + second)) text = word + (polish ? (random.chance(0.5) ? " i " : " ") : " and ") + second;
    }
    return vary_text(text, random);
  }
  return std::nullopt;
}

std::vector<Choice> Generator::concept_labels(const std::vector<const Concept*>& pool, std::size_t count,
                                              Random& random) const {
  const Language language = pick_language(random);
  std::vector<Choice> choices;
  std::set<std::string> taken;
  std::vector<const Concept*> chosen;
  const auto family_of = [&](const Concept* entry) -> const std::vector<Concept>* {
    for (const auto* family : {&sources_.shop, &sources_.topics, &sources_.support}) {
      if (entry >= family->data() && entry < family->data() + family->size()) return family;
    }
    return nullptr;
  };
  for (std::size_t attempt = 0; attempt < count * 6 && choices.size() < count; ++attempt) {
    const Concept* entry = random.pick(pool);
    const auto* family = family_of(entry);
    const int self = static_cast<int>(entry - family->data());
    const bool fits = std::ranges::all_of(chosen, [&](const Concept* other) {
      return other != entry &&
             (family_of(other) != family || compatible(*family, self, static_cast<int>(other - family->data())));
    });
    if (!fits) continue;
    const std::size_t before = choices.size();
    const std::string& label =
        in_polish(language, random) ? random.pick(entry->labels_pl) : random.pick(entry->labels_en);
    offer(choices, taken, {label, [this, family, entry](Random& r) { return concept_text(family, *entry, r); }});
    if (choices.size() > before) chosen.push_back(entry);
  }
  return choices;
}

std::vector<Choice> Generator::taxonomy_labels(bool tops, std::size_t count, Random& random) const {
  static const std::set<std::string> kVague = {"bu", "gc", "ma", "pa", "na"};
  const auto& nodes = sources_.taxonomy;
  const Language language = pick_language(random);
  std::vector<int> candidates;
  if (tops || random.chance(0.4)) {
    // The children of one node, the tops being the children of none.
    const int parent = tops ? -1 : static_cast<int>(random.below(nodes.size()));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].parent == parent && !kVague.contains(nodes[i].id)) candidates.push_back(static_cast<int>(i));
    }
    random.shuffle(candidates);
  }
  if (!tops) {
    for (std::size_t i = 0; i < count * 3; ++i) {
      const int at = static_cast<int>(random.below(nodes.size()));
      if (nodes[static_cast<std::size_t>(at)].depth >= 1) candidates.push_back(at);
    }
  }
  std::vector<Choice> choices;
  std::set<std::string> taken;
  std::vector<int> chosen;
  for (const int at : candidates) {
    if (choices.size() == count) break;
    const TaxonomyNode& node = nodes[static_cast<std::size_t>(at)];
    const bool apart = std::ranges::all_of(chosen, [&](int other) {
      return (other < at || other >= node.end) && (at < other || at >= nodes[static_cast<std::size_t>(other)].end);
    });
    if (!apart) continue;
    const std::size_t before = choices.size();
    const bool polish = in_polish(language, random);
    offer(choices, taken,
          {polish ? node.pl : node.en, [this, &nodes, at, polish](Random& r) -> std::optional<std::string> {
             const TaxonomyNode& top = nodes[static_cast<std::size_t>(at)];
             for (int attempt = 0; attempt < 30; ++attempt) {
               const std::size_t below = static_cast<std::size_t>(at) + r.below(static_cast<std::size_t>(top.end - at));
               if (!wanted("taxonomy " + nodes[below].en)) continue;
               // A leaf's own name stands for itself only in the other language, or it would be mere copying.
               const bool other =
                   below == static_cast<std::size_t>(at) ? (r.chance(0.9) ? !polish : polish) : r.chance(0.55);
               const std::string& name = other ? nodes[below].pl : nodes[below].en;
               return vary_text(r.chance(0.25) ? as_search(name, other, r) : name, r);
             }
             return std::nullopt;
           }});
    if (choices.size() > before) chosen.push_back(at);
  }
  return choices;
}

std::vector<Choice> Generator::translation_labels(bool copies, std::size_t count, Random& random) const {
  std::vector<Choice> choices;
  std::set<std::string> taken;
  const bool polish_labels = random.chance(0.5), values = random.chance(0.4);
  for (std::size_t i = 0; i < count * 2 && choices.size() < count; ++i) {
    std::string en, pl;
    if (values) {
      const AttributeValue& value = random.pick(sources_.attributes);
      en = value.en, pl = value.pl;
    } else {
      const TaxonomyNode& node = random.pick(sources_.taxonomy);
      en = node.en, pl = node.pl;
    }
    if ((!copies && lower(en) == lower(pl)) || !wanted("taxonomy " + en)) continue;
    if (copies) {
      const std::string name = polish_labels ? pl : en;
      offer(choices, taken,
            {name, [name, polish_labels](Random& r) {
               return std::optional(vary_text(r.chance(0.4) ? as_search(name, polish_labels, r) : name, r));
             }});
      continue;
    }
    const std::string text = polish_labels ? en : pl;
    offer(choices, taken, {polish_labels ? pl : en, [text](Random& r) { return std::optional(vary_text(text, r)); }});
  }
  return choices;
}

std::vector<Choice> Generator::attribute_labels(std::size_t count, Random& random) const {
  std::vector<Choice> choices;
  std::set<std::string> taken, texts;
  const Language language = pick_language(random);
  for (std::size_t i = 0; i < count * 3 && choices.size() < count; ++i) {
    const std::size_t at = random.below(sources_.attributes.size());
    const AttributeValue& value = sources_.attributes[at];
    if (!wanted("taxonomy " + value.en) || !texts.insert(lower(value.en)).second) continue;
    offer(choices, taken, {in_polish(language, random) ? value.attribute_pl : value.attribute_en, [&value](Random& r) {
                             return std::optional(vary_text(r.chance(0.5) ? value.pl : value.en, r));
                           }});
  }
  return choices;
}

std::vector<Choice> Generator::set_labels(const LabelledSet& set, std::size_t count, Random& random) const {
  const Language language = pick_language(random);
  std::vector<std::size_t> order(set.labels_en.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(order);
  std::vector<Choice> choices;
  std::set<std::string> taken;
  for (const std::size_t i : order) {
    if (choices.size() == count) break;
    if (set.texts[i].empty()) continue;
    const bool polish = !set.labels_pl.empty() && in_polish(language, random);
    offer(choices, taken,
          {polish ? set.labels_pl[i] : set.labels_en[i], [this, &set, i](Random& r) -> std::optional<std::string> {
             for (int attempt = 0; attempt < 60; ++attempt) {
               const std::string& text = r.pick(set.texts[i]);
               // Banking and reviews come apart already; here equal texts fall on the same side.
               if (&set != &sources_.banking && &set != &sources_.reviews && !wanted("row " + text)) continue;
               return r.chance(0.3) ? vary_text(text, r) : text;
             }
             return std::nullopt;
           }});
  }
  return choices;
}

std::vector<Choice> Generator::labels(const std::string& family, std::size_t count, Random& random) const {
  std::vector<const Concept*> pool;
  const auto add = [&](const std::vector<Concept>& concepts) {
    for (const Concept& entry : concepts) pool.push_back(&entry);
  };
  if (family == "taxonomy" || family == "tops") return taxonomy_labels(family == "tops", count, random);
  if (family == "attributes") return attribute_labels(count, random);
  if (family == "translation" || family == "copy") return translation_labels(family == "copy", count, random);
  if (family == "banking") return set_labels(sources_.banking, count, random);
  if (family == "products") return set_labels(sources_.products, count, random);
  if (family == "packages") return set_labels(sources_.packages, count, random);
  if (family == "reviews") {
    auto choices = set_labels(sources_.reviews, 4, random);
    std::erase_if(choices, [](const Choice& c) { return c.label == "Mixed" || c.label == "Mieszana"; });
    return choices;
  }
  if (family == "shop" || family == "mixed") add(sources_.shop);
  if (family == "topics") add(sources_.topics);
  if (family == "support" || family == "mixed") add(sources_.support);
  if (family == "mixed") {
    static const std::set<std::string> kDistinct = {"politics", "science", "history",    "world",
                                                    "crime",    "weather", "celebrities"};
    for (const Concept& entry : sources_.topics) {
      if (kDistinct.contains(entry.id)) pool.push_back(&entry);
    }
  }
  return concept_labels(pool, count, random);
}

std::string prompt(const std::string& instruction, const std::vector<std::string>& labels) {
  const bool lines = std::ranges::any_of(labels, [](const std::string& l) { return l.find(',') != std::string::npos; });
  std::string list;
  for (const std::string& label : labels) {
    if (!list.empty()) list += lines ? "\n" : ", ";
    list += lines ? "- " + label : label;
  }
  return instruction + "\nCategories:" + (lines ? "\n" : " ") + list + "\n\nText:";
}

std::string Generator::training_line(bool easy, Random& random) const {
  static const std::vector<std::pair<const char*, std::size_t>> kShares = {
      {"shop", 40},    {"tops", 8},    {"taxonomy", 14}, {"translation", 9}, {"attributes", 3},
      {"topics", 8},   {"support", 5}, {"mixed", 5},     {"banking", 3},     {"products", 2},
      {"packages", 2}, {"reviews", 1}, {"copy", 3}};
  static const std::vector<std::pair<const char*, std::size_t>> kEasyShares = {
      {"copy", 35}, {"shop", 40}, {"translation", 15}, {"tops", 10}};
  const auto& shares = easy ? kEasyShares : kShares;
  std::size_t total = 0;
  for (const auto& share : shares) total += share.second;
  std::size_t n = random.below(total), family = 0;
  while (n >= shares[family].second) n -= shares[family++].second;

  const std::size_t count = easy                 ? 2 + random.below(4)
                            : random.chance(0.8) ? 5 + random.below(11)
                                                 : 2 + random.below(19);
  auto choices = labels(shares[family].first, count, random);
  if (choices.size() < 2) return {};
  random.shuffle(choices);
  const std::size_t style_number = random.below(100);
  const int style = style_number < 66 ? 0 : style_number < 86 ? 1 : style_number < 90 ? 2 : 3;
  std::vector<std::string> names;
  for (const Choice& choice : choices) names.push_back(vary_label(choice.label, style));
  const std::string instruction = random.chance(0.7) ? kDefaultInstruction : random.pick(kInstructions);

  json::array branches;
  std::set<std::string> used;
  // A row of 256 tokens, filled as well as a guess of 3.5 bytes a token (it is 4.2) allows.
  const std::string trunk = prompt(instruction, names);
  const auto tokens = [](const std::string& piece) { return piece.size() * 2 / 7 + 1; };
  std::size_t used_tokens = tokens(trunk);
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t at = random.below(choices.size());
    const auto text = choices[at].draw(random);
    if (!text || text->empty() || !used.insert(lower(*text)).second) continue;
    used_tokens += tokens(*text) + tokens(names[at]) + 2;
    if (used_tokens > 275) break;
    branches.push_back(json::array{*text, names[at]});
  }
  if (branches.empty()) return {};
  return json::serialize(json::object{{"trunk", trunk}, {"branches", std::move(branches)}});
}

std::string Generator::question_line(const std::string& family, std::size_t count, Random& random) const {
  auto choices = labels(family, count, random);
  if (choices.size() < 2) return {};
  random.shuffle(choices);
  std::vector<std::string> names;
  json::array list, rows;
  for (const Choice& choice : choices) names.push_back(choice.label), list.push_back(json::string(choice.label));
  for (int i = 0; i < 4; ++i) {
    const std::size_t at = random.below(choices.size());
    const auto text = choices[at].draw(random);
    if (text && !text->empty()) rows.push_back(json::array{*text, static_cast<std::int64_t>(at)});
  }
  if (rows.empty()) return {};
  return json::serialize(json::object{{"set", family},
                                      {"trunk", prompt(kDefaultInstruction, names)},
                                      {"labels", std::move(list)},
                                      {"rows", std::move(rows)}});
}

void Generator::write_vocabulary_text(std::ostream& out) const {
  const auto both = [&](const std::string& text) { out << ' ' << text << "\n " << lower(text) << '\n'; };
  for (const auto* family : {&sources_.shop, &sources_.topics, &sources_.support}) {
    for (const Concept& entry : *family) {
      for (int i = 0; i < 20; ++i) {
        for (const auto* words : {&entry.words_en, &entry.words_pl}) {
          for (const std::string& word : *words) out << ' ' << (i >= 16 ? capitalised(word) : word) << '\n';
        }
      }
      for (int i = 0; i < 40; ++i) {
        for (const auto* names : {&entry.labels_en, &entry.labels_pl}) {
          for (const std::string& name : *names) both(name);
        }
      }
    }
  }
  for (const TaxonomyNode& node : sources_.taxonomy) both(node.en), both(node.pl);
  for (const AttributeValue& value : sources_.attributes) both(value.en), both(value.pl);
  for (const LabelledSet* set : {&sources_.banking, &sources_.products, &sources_.reviews, &sources_.packages}) {
    for (const auto& texts : set->texts) {
      for (std::size_t i = 0; i < texts.size(); i += 4) out << ' ' << texts[i] << '\n';
    }
  }
  for (int i = 0; i < 200; ++i) {
    out << kDefaultInstruction << "\nCategories: \nText:\n";
    for (const char* instruction : kInstructions) out << instruction << '\n';
  }
}

}  // namespace zubr::builtin
