// Questions to the catalog: search, leaderboard, data sets. All answer in milliseconds over 100,000 models.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace zubr::catalog {

enum class Sort { kBest, kTrending, kDownloads, kScore, kPrice, kPopular, kNew };

struct Query {
  std::string text = {};  // words or beginnings of words, all of which must be there; empty = everything
  std::string author = {};
  std::string task = {};      // Hugging Face's word: "text-generation"
  std::string language = {};  // "pl"
  std::string license = {};   // "apache-2.0"; "permissive" = any that forbids a company nothing
  unsigned modalities = 0;    // Modality bits that the model must take or give
  std::optional<std::int64_t> min_parameters = {}, max_parameters = {};
  std::optional<std::int64_t> min_context = {};
  std::optional<bool> open = {};  // true: weights can be had; false: only for money
  std::optional<bool> gated = {};
  std::optional<PicoDollars> max_price = {};     // per token, blended() of the cheapest offer
  std::optional<std::uint64_t> fits_bytes = {};  // open models that are no larger than this somehow quantized
  Sort sort = Sort::kBest;
  int limit = 20;
  int offset = 0;
};

struct SearchPage {
  std::vector<ModelRecord> records;
  bool more = false;
};

Result<SearchPage> search(Catalog& catalog, const Query& query);

struct BoardRow {
  ModelRecord record;
  double value = 0;
  std::string day, source;
};
// Best first, a model once. kNotFound names the benchmarks that there are.
Result<std::vector<BoardRow>> leaderboard(Catalog& catalog, const std::string& benchmark, std::optional<bool> open,
                                          int limit);

struct BenchmarkRow {
  std::string name;
  std::int64_t models = 0;
  std::string day;
};
Result<std::vector<BenchmarkRow>> benchmarks(Catalog& catalog);

struct DatasetQuery {
  std::string text = {}, author = {}, task = {}, language = {}, license = {};
  Sort sort = Sort::kBest;  // kTrending, kDownloads, kNew; others as kBest
  int limit = 20;
};
Result<std::vector<DatasetFact>> find_datasets(Catalog& catalog, const DatasetQuery& query);

// Every word that a filter may have: tasks, languages, licences of models (or of data sets), most frequent first.
enum class Facet { kTask, kLanguage, kLicense };
Result<std::vector<std::string>> facet_values(Catalog& catalog, Facet facet);

// Bytes that a model needs on disk and in memory with about 4.85 bits a weight (Q4_K_M).
std::uint64_t estimated_bytes(std::int64_t parameters);

}  // namespace zubr::catalog
