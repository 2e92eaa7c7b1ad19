// Small tables as text (RFC 4180): rows of cells. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zubr::catalog {

// Quoted cells may have separators, quotes and line breaks inside. Lines without a cell are left out.
std::vector<std::vector<std::string>> delimited_rows(std::string_view text, char separator);

}  // namespace zubr::catalog
