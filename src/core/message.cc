#include "core/message.h"

#include <map>

#include "core/message_catalog.h"

namespace zubr::core {
namespace {

using Catalog = std::map<std::string, std::string, std::less<>>;

// Process-wide by contract: set once at start, then only read.
Catalog& active() {
  static Catalog catalog;
  return catalog;
}

}  // namespace

std::string_view translate(std::string_view english) {
  const Catalog& catalog = active();
  if (catalog.empty()) return english;
  const auto found = catalog.find(english);
  return found == catalog.end() ? english : std::string_view(found->second);
}

bool set_language(std::string_view language) {
  if (language == "en") {
    active().clear();
    return true;
  }
  if (language != "pl") return false;
  const auto entries = polish_catalog();
  if (!entries) return false;
  for (const CatalogEntry& entry : *entries) active()[entry.english] = entry.translated;
  return true;
}

}  // namespace zubr::core
