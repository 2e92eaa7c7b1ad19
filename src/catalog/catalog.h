// The catalog of models: one SQLite file that knows which models there are, under which names, what they cost where,
// how good they are and what they were made from. Filled from facts (facts.h), asked by search.h and the commands.
//
//   ZUBR_TRY(catalog, Catalog::open(home / "catalog.db"));
//   ZUBR_TRY(report, catalog.merge(facts, {.name = "hf", .date = "2026-05-04"}, {}));
//   ZUBR_TRY(id, catalog.resolve("llama3.1:8b"));
//
// Threads: one at a time per Catalog. Processes: any number may read while one writes; a merge happens whole or not.
// Errors: those of storage/database.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/facts.h"
#include "catalog/model_record.h"
#include "storage/database.h"

namespace zubr::catalog {

struct PriceChange {
  std::string model;  // address in its source
  std::string provider;
  std::optional<PicoDollars> old_input, old_output, new_input, new_output;
};

struct MergeReport {
  std::int64_t added = 0;    // listings
  std::int64_t changed = 0;  // said something else before
  std::int64_t unchanged = 0;
  std::int64_t gone = 0;                   // no longer listed by a source that was read whole
  std::int64_t datasets = 0;               // added or changed
  std::vector<std::string> new_names;      // at most kMaxNamed
  std::vector<std::string> gone_names;     // at most kMaxNamed
  std::vector<PriceChange> price_changes;  // at most kMaxNamed
  std::int64_t price_change_count = 0;
  static constexpr std::size_t kMaxNamed = 100;
  void add(const MergeReport& other);
};

// Sources that are read page by page are merged page by page: begin_round(), merge() …, end_round(). What was not met
// between them is gone. A merge outside of rounds only adds and changes.
struct SourceState {
  std::string day;       // when it was last read whole
  std::string position;  // where an interrupted round goes on; empty = none is open
  std::int64_t round = 0;
};

// What a server said about an answer, so that the next time it may say "not changed".
struct Validator {
  std::string etag, modified;
};

struct ServedOffer {
  Offer offer;
  Address listing;  // whose offer: {"openrouter", …}
};

struct NamedScore {
  Score score;
  std::string source;
};

struct PricePoint {
  std::string day, source, provider;
  std::optional<PicoDollars> input, output;
};

struct ModelCard {
  ModelRecord record;
  std::vector<Address> addresses;
  std::vector<ServedOffer> offers;  // cheapest first; prices that are not known last
  std::vector<ModelFile> files;     // smallest first
  std::vector<NamedScore> scores;
  std::vector<PricePoint> history;   // newest first
  std::vector<std::string> derived;  // fine-tunes and merges of it, most used first
  std::int64_t derived_count = 0;
};

class Catalog {
 public:
  // Makes the file where missing; brings an older one up to date.
  static Result<Catalog> open(const std::filesystem::path& file);
  static Result<Catalog> in_memory();

  // Adds what the facts say. `source.name` is what a round is about; the facts may name others. Days are YYYY-MM-DD.
  Result<MergeReport> merge(const Facts& facts, const SourceInfo& source);

  Result<SourceState> source_state(std::string_view source);
  // Opens a round, or goes on with one that was interrupted: its position.
  Result<std::string> begin_round(const SourceInfo& source);
  Result<void> keep_position(std::string_view source, std::string_view position);
  Result<MergeReport> end_round(const SourceInfo& source);
  // Inside a transaction of the caller's: what was not met in the source's open round is gone.
  Result<MergeReport> let_go_unmet(const SourceInfo& source);
  // end_round() where not everything was read: nothing is gone.
  Result<void> close_round(const SourceInfo& source);
  Result<std::vector<SourceInfo>> sources();

  Result<std::string> note(std::string_view name);  // empty where there is none
  Result<void> keep_note(std::string_view name, std::string_view value);

  // The one model that a name means: an address in any source, a file's name, or a name of the same key.
  // kInvalidArgument lists the choices where there are several; kNotFound, with the nearest names.
  Result<std::int64_t> resolve(std::string_view name);
  Result<ModelCard> card(std::int64_t id);
  Result<std::int64_t> model_count();
  // The addresses of a source, most used first.
  Result<std::vector<std::string>> listed(std::string_view source);

  storage::Database& database() { return database_; }

 private:
  explicit Catalog(storage::Database database) : database_(std::move(database)) {}
  static Result<Catalog> ready(Result<storage::Database> database);

  storage::Database database_;
};

// The columns of `model` in the order that read_record() expects, and a row of them.
std::string_view record_columns();
ModelRecord read_record(const storage::Statement& row);

}  // namespace zubr::catalog
