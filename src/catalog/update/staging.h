// What an update has read and not yet shown: pages kept one by one in the catalog's own file, published together. A
// process that dies at any moment leaves the catalog as it was, and the next one goes on after the last kept page.
//
// One process at a time. Errors: those of storage/database.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "net/http.h"

namespace zubr::catalog {

// What was last published of an address, so that it may be asked whether it changed.
struct KnownAnswer {
  Validator validator;
  std::string next;   // the position after it
  std::string names;  // of its listings, for StagedPage::unchanged
  std::int64_t entries = 0;
};

struct StagedPage {
  std::string url, next;
  Validator validator;
  bool unchanged = false;
  std::string lines;  // facts, or where unchanged the names of listings
};

class Staging {
 public:
  // `key`: the source, or another name for a trial that must not meet it.
  Staging(Catalog& catalog, std::string key) : catalog_(catalog), key_(std::move(key)) {}

  struct State {
    bool resumed = false;
    std::string next;
    std::int64_t entries = 0, skipped = 0, pages = 0;
  };
  // Goes on with what an earlier run left, when it wanted the same and began on `oldest` or later; else begins at
  // `first`.
  Result<State> open(const std::string& wish, const std::string& first, const std::string& today,
                     const std::string& oldest);
  // One page more; whole or not.
  Result<void> keep(const StagedPage& page, std::int64_t entries, std::int64_t skipped);
  Result<bool> has(std::string_view url);

  // Everything that was kept, in one transaction: merged, and with `whole` what was not met is gone. `commit` false:
  // only says what would change.
  Result<MergeReport> publish(const SourceInfo& source, bool whole, bool commit);
  Result<void> discard();

  Result<std::optional<KnownAnswer>> known(std::string_view url);

 private:
  Result<void> keep_answers();
  Result<void> clear();

  Catalog& catalog_;
  std::string key_;
};

// Facts as lines. Entries whose names no person could type are left out and counted in Facts::skipped.
std::string lines_of(Facts& facts);

}  // namespace zubr::catalog
