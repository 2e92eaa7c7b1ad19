#include "catalog/sources/delimited_text.h"

namespace zubr::catalog {

std::vector<std::vector<std::string>> delimited_rows(std::string_view text, char separator) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row(1);
  bool quoted = false;
  const auto finish_row = [&] {
    if (row.size() > 1 || !row.front().empty()) rows.push_back(std::move(row));
    row.assign(1, {});
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      const bool doubled = c == '"' && at + 1 < text.size() && text[at + 1] == '"';
      if (doubled) ++at;
      if (c == '"' && !doubled) {
        quoted = false;
      } else {
        row.back() += c;
      }
    } else if (c == '"' && row.back().empty()) {
      quoted = true;
    } else if (c == separator) {
      row.emplace_back();
    } else if (c == '\n') {
      finish_row();
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  finish_row();
  return rows;
}

}  // namespace zubr::catalog
