#include "catalog/import_board.h"

#include <algorithm>
#include <set>

#include "catalog/merge.h"

namespace zubr::catalog {
namespace {

constexpr std::size_t kMaxName = 100;

bool is_board_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

// Listings of that board that are still there: id and name.
Result<std::vector<std::pair<std::int64_t, std::string>>> listed(storage::Database& database,
                                                                 const std::string& benchmark) {
  ZUBR_TRY(query, database.prepare("SELECT listing.id, listing.name FROM listing JOIN score ON score.listing = "
                                   "listing.id WHERE source = 'imported' AND benchmark = ? AND gone IS NULL"));
  query.bind(1, benchmark);
  std::vector<std::pair<std::int64_t, std::string>> found;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return found;
    found.emplace_back(query.integer(0), query.text(1));
  }
}

}  // namespace

Result<ImportedBoard> import_board(Catalog& catalog, std::string_view text, const std::string& benchmark,
                                   const ScoreColumns& columns, const SourceInfo& source) {
  if (!is_board_name(benchmark))
    return fail(ErrorCode::kInvalidArgument, "--benchmark '{}' is no name of a board; use a-z 0-9 . _ -", benchmark);
  ZUBR_TRY(facts, import_scores(text, benchmark, columns, source.date));
  if (facts.models.empty())
    return fail(ErrorCode::kInvalidArgument, "no row of the board has a model and a number ({} have not)",
                facts.skipped);
  ZUBR_TRY(transaction, storage::Transaction::begin(catalog.database()));
  SourceInfo imported = source;
  imported.name = "imported";
  ZUBR_TRY(ignored, catalog.begin_round(imported));
  ZUBR_TRY(before, listed(catalog.database(), benchmark));
  ZUBR_TRY(merger, Merger::begin(catalog.database(), imported));
  std::set<std::string> names;
  for (const ModelFact& fact : facts.models) {
    names.insert(fact.address.name);
    ZUBR_CHECK(merger.add(fact));
  }
  for (const auto& [listing, name] : before)
    if (!names.contains(name)) ZUBR_CHECK(merger.let_go(listing, name));
  ZUBR_TRY(merged, merger.finish());
  ZUBR_CHECK(catalog.close_round(imported));
  ZUBR_CHECK(transaction.commit());
  return ImportedBoard{std::move(merged), facts.skipped};
}

}  // namespace zubr::catalog
