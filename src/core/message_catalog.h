// The translations that are compiled in (assets/messages/*.toml).
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace zubr::core {

struct CatalogEntry {
  std::string english;  // the format string in the code
  std::string translated;
  int line = 0;  // in assets/messages/pl.toml
};

// kCorrupt when the compiled-in file is not TOML or holds something else than strings: a defect that a test finds.
Result<std::vector<CatalogEntry>> polish_catalog();

// The placeholders of a format string, sorted: "{} of {:.1f}" → {"{:.1f}", "{}"}.
std::vector<std::string> placeholders(std::string_view format);

}  // namespace zubr::core
