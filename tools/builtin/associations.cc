#include <map>
#include <ostream>

#include "generate.h"

namespace zubr::builtin {
namespace {

void put(std::ostream& out, const std::string& text) {
  out << '\t' << lower(text) << '\t' << capitalised(text);
  if (const auto plain = without_polish_letters(text); plain != text) out << '\t' << lower(plain);
}

}  // namespace

void Generator::write_associations(std::ostream& out) const {
  for (const auto* family : {&sources_.shop, &sources_.topics, &sources_.support}) {
    for (const Concept& entry : *family) {
      std::vector<const Concept*> members = {&entry};
      for (const int child : entry.children) members.push_back(&(*family)[static_cast<std::size_t>(child)]);
      out << "4";
      for (const Concept* member : members) {
        for (int i = 0; i < 3; ++i) {
          for (const auto* names : {&member->labels_en, &member->labels_pl}) {
            for (const std::string& name : *names) put(out, name);
          }
        }
        for (const auto* words : {&member->words_en, &member->words_pl}) {
          for (const std::string& word : *words) {
            if (wanted("word " + word)) put(out, word);
          }
        }
      }
      out << '\n';
    }
  }
  // A category with everything below it, and each name with its translation.
  const auto& nodes = sources_.taxonomy;
  for (const TaxonomyNode& top : nodes) {
    if (!wanted("taxonomy " + top.en)) continue;
    const auto first = static_cast<std::size_t>(&top - nodes.data());
    out << (top.depth == 0 ? "3" : top.end - static_cast<int>(first) > 1 ? "1.5" : "1");
    for (std::size_t i = first; i < static_cast<std::size_t>(top.end); ++i) {
      if (!wanted("taxonomy " + nodes[i].en)) continue;
      put(out, nodes[i].en);
      put(out, nodes[i].pl);
    }
    out << '\n';
  }
  std::map<std::string, std::vector<const AttributeValue*>> attributes;
  for (const AttributeValue& value : sources_.attributes) attributes[value.attribute_en].push_back(&value);
  for (const auto& [name, values] : attributes) {
    out << "0.7";
    put(out, name);
    put(out, values.front()->attribute_pl);
    for (const AttributeValue* value : values) {
      if (!wanted("taxonomy " + value->en)) continue;
      put(out, value->en);
      put(out, value->pl);
    }
    out << '\n';
  }
  for (const AttributeValue& value : sources_.attributes) {
    if (!wanted("taxonomy " + value.en) || lower(value.en) == lower(value.pl)) continue;
    out << "0.7";
    put(out, value.en);
    put(out, value.pl);
    out << '\n';
  }
  for (const LabelledSet* set : {&sources_.banking, &sources_.products, &sources_.reviews, &sources_.packages}) {
    for (std::size_t i = 0; i < set->labels_en.size(); ++i) {
      out << "1";
      put(out, set->labels_en[i]);
      if (!set->labels_pl.empty()) put(out, set->labels_pl[i]);
      for (const std::string& text : set->texts[i]) {
        if (set == &sources_.banking || set == &sources_.reviews || wanted("row " + text)) out << '\t' << lower(text);
      }
      out << '\n';
    }
  }
}

}  // namespace zubr::builtin
