// Anybody's leaderboard into the catalog: a table of models and scores as CSV or JSON, under a name of its own.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "catalog/sources/importers.h"

namespace zubr::catalog {

struct ImportedBoard {
  MergeReport merged;
  std::int64_t skipped = 0;  // rows without a model or a number
};

// A board of that name that was imported before is replaced: models that the table lacks are gone from it. All or
// nothing. kInvalidArgument: a name that is not a-z 0-9 . _ -, no such columns, no rows; kCorrupt: no table.
Result<ImportedBoard> import_board(Catalog& catalog, std::string_view text, const std::string& benchmark,
                                   const ScoreColumns& columns, const SourceInfo& source);

bool is_date(std::string_view text);  // "2026-05-04"

}  // namespace zubr::catalog
