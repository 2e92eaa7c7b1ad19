// A table of text with aligned columns, for a terminal. Pure.
#pragma once

#include <string>
#include <vector>

namespace zubr::cli {

class TableText {
 public:
  explicit TableText(std::vector<std::string> head) { add_row(std::move(head)); }
  // As many cells as the head.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Columns are two spaces apart; widths are counted in code points.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace zubr::cli
