// How facts get into the tables. Only for catalog.cc.
#pragma once

#include <set>
#include <vector>

#include "catalog/catalog.h"

namespace zubr::catalog {

// One merge, inside a transaction of the caller's.
class Merger {
 public:
  static Result<Merger> begin(storage::Database& database, const SourceInfo& source);

  Result<void> add(const ModelFact& fact);
  Result<void> add(const DatasetFact& fact);
  // A listing of which the source says that nothing changed. False where there is no such listing.
  Result<bool> meet(std::string_view source, std::string_view name);
  // A listing that was not met in its round; its offers, files and scores end.
  Result<void> let_go(std::int64_t listing, const std::string& name);
  // Makes the models anew whose listings changed.
  Result<MergeReport> finish();

 private:
  explicit Merger(storage::Database& database, const SourceInfo& source, std::int64_t round)
      : database_(database), source_(source), round_(round) {}

  Result<storage::Statement*> prepared(std::string_view sql);
  Result<std::int64_t> model_of(const ModelFact& fact);
  Result<std::int64_t> join(const std::set<std::int64_t>& models);
  Result<std::optional<std::int64_t>> find_model(std::string_view sql, std::string_view a, std::string_view b);
  Result<void> write_parts(const ModelFact& fact, std::int64_t listing);
  Result<void> write_offers(const ModelFact& fact, std::int64_t listing);
  Result<void> note_price(const ModelFact& fact, const Offer& offer);
  Result<void> refresh(std::int64_t model);
  Result<std::vector<ModelFact>> facts_of(std::int64_t model);
  Result<void> write_record(std::int64_t model, const ModelRecord& record, const std::vector<ModelFact>& facts);

  storage::Database& database_;
  SourceInfo source_;
  std::int64_t round_;
  std::map<std::string_view, storage::Statement> statements_;
  std::set<std::int64_t> touched_;
  MergeReport report_;
};

}  // namespace zubr::catalog
