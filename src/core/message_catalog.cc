#include "core/message_catalog.h"

#include <algorithm>

#include "core/toml.h"

namespace zubr::core {

extern const char* const kPolishMessages;  // made from assets/messages/pl.toml by cmake

Result<std::vector<CatalogEntry>> polish_catalog() {
  ZUBR_TRY(values, parse_toml(kPolishMessages, "pl.toml"));
  std::vector<CatalogEntry> entries;
  for (TomlValue& value : values) {
    if (value.type != TomlType::kText || value.path.size() != 1)
      return fail(ErrorCode::kCorrupt, "pl.toml:{}: not a string beside a quoted string", value.line);
    entries.push_back({value.path.front(), std::move(value.text), value.line});
  }
  return entries;
}

std::vector<std::string> placeholders(std::string_view format) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '{') continue;
    if (at + 1 < format.size() && format[at + 1] == '{') {
      ++at;
      continue;
    }
    const std::size_t end = format.find('}', at);
    if (end == std::string_view::npos) break;
    found.emplace_back(format.substr(at, end - at + 1));
    at = end;
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace zubr::core
