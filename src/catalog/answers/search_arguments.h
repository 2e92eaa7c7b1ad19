// The filters of search, leaderboard, data sets and fits, as people write them: on the command line and in an address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/search.h"
#include "core/result.h"

namespace zubr::catalog {

struct SearchArguments {
  std::string text = {}, author = {}, task = {}, language = {}, license = {}, modality = {}, parameters = {};
  std::string context = {}, max_price = {}, sort = "best";
  bool open = false, commercial = false, not_gated = false, fits = false, json = false;
  int limit = 20, page = 1;
  std::string_view dash = "--";  // before the names of options in messages
};

// "7b..13b", "..13b", "7b..", "7b" (that size, give or take a tenth): parameters from and to.
struct Range {
  std::optional<std::int64_t> min, max;
};
Result<Range> parse_parameter_range(std::string_view text, std::string_view option);
// "128k" → 131,072, "1m", "32768".
Result<std::int64_t> parse_tokens(std::string_view text, std::string_view option);

inline constexpr const char* kSortChoices = "best|trending|downloads|score|price|popular|new";
Result<Sort> parse_sort(std::string_view text, std::string_view option);

// Refuses a word that no model of the catalog has, naming those that there are.
Result<void> check_facet(Catalog& catalog, Facet facet, const std::string& value, std::string_view option);

// Everything but `fits_bytes`. Unknown words name the known ones.
Result<Query> query_of(const SearchArguments& arguments, Catalog& catalog);

}  // namespace zubr::catalog
