// Models of the catalog as JSON: what `--json` prints and /api/catalog answers. Prices are texts of dollars per million
// tokens, so that nothing is rounded; what is not known is null. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/fits.h"
#include "catalog/search.h"
#include "core/json_text.h"

namespace zubr::catalog {

using core::Json;

// The licence in one line: what a company may do with it.
std::string license_line(const ModelRecord& record);

Json record_json(const ModelRecord& record);
Json card_json(const ModelCard& card);
Json page_json(const SearchPage& page);              // {"models": […], "more": …}
Json board_json(const std::vector<BoardRow>& rows);  // [{"rank", "value", …, the model}]
Json benchmarks_json(const std::vector<BenchmarkRow>& rows);
Json datasets_json(const std::vector<DatasetFact>& sets);
Json fit_json(const ModelRecord& record, const Fit& fit, const Machine& machine);

Json price_json(const std::optional<PicoDollars>& per_token);
Json maybe(const std::optional<std::int64_t>& value);
Json maybe(const std::optional<double>& value);
Json maybe(const std::optional<bool>& value);
Json texts_json(const std::vector<std::string>& texts);

// find_datasets() gives languages and tasks as they are kept: words with blanks around them.
std::vector<std::string> words_of(const std::vector<std::string>& spaced);

}  // namespace zubr::catalog
