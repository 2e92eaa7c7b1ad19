#include "catalog/model_record.h"

#include <algorithm>
#include <array>

#include "catalog/families.h"
#include "catalog/model_name.h"

namespace zubr::catalog {
namespace {

// Smaller is believed first.
std::size_t order_of(const ModelFact& fact) {
  constexpr std::array<std::string_view, 7> kSources{"facts",  "hf",      "openrouter", "models.dev",
                                                     "ollama", "litellm", "lmarena"};
  const auto source = static_cast<std::size_t>(std::ranges::find(kSources, fact.address.source) - kSources.begin());
  // Of two repositories the original, not a copy.
  const bool copy = fact.relation == BaseRelation::kQuantized || is_mirror(author_of(fact.address));
  return source * 2 + (copy ? 1 : 0);
}

template <typename T>
void take(std::optional<T>& into, const std::optional<T>& from) {
  if (!into) into = from;
}
void take(std::string& into, const std::string& from) {
  if (into.empty()) into = from;
}
template <typename T>
void take_largest(std::optional<T>& into, const std::optional<T>& from) {
  if (from && (!into || *into < *from)) into = from;
}

void take_offers(const ModelFact& fact, ModelRecord& record) {
  for (const Offer& offer : fact.offers) {
    if (!offer.input || !offer.output) continue;
    if (offer.input->count == 0 && offer.output->count == 0) {
      record.free = true;
      continue;
    }
    if (record.input && blended(*record.input, *record.output) <= blended(*offer.input, *offer.output)) continue;
    record.input = offer.input;
    record.output = offer.output;
  }
}

void take_files(const ModelFact& fact, ModelRecord& record) {
  for (const ModelFile& file : fact.files)
    if (file.bytes > 0 && (!record.smallest_file || file.bytes < *record.smallest_file))
      record.smallest_file = file.bytes;
}

void take_words(const ModelFact& fact, ModelRecord& record) {
  take(record.author, fact.author);
  take(record.task, fact.task);
  take(record.license, fact.license);
  take(record.summary, fact.summary);
  take(record.open, fact.open);
  take(record.gated, fact.gated);
  take(record.created, fact.created);
  record.modified = std::max(record.modified, fact.modified);
  record.languages.insert(record.languages.end(), fact.languages.begin(), fact.languages.end());
  if (record.relation == BaseRelation::kNone && fact.relation != BaseRelation::kQuantized) {
    record.base = fact.base;
    record.relation = fact.relation;
  }
}

void take_numbers(const ModelFact& fact, ModelRecord& record) {
  take(record.parameters, fact.parameters);
  take(record.active_parameters, fact.active_parameters);
  take(record.layers, fact.layers);
  take(record.kv_heads, fact.kv_heads);
  take(record.head_size, fact.head_size);
  take(record.window_layers, fact.window_layers);
  take(record.window, fact.window);
  take(record.image_layers, fact.image_layers);
  take(record.image_tokens, fact.image_tokens);
  take_largest(record.downloads, fact.downloads);
  take_largest(record.likes, fact.likes);
  take_largest(record.pulls, fact.pulls);
  take_largest(record.trending, fact.trending);
  if (fact.rank && (!record.rank || *fact.rank < *record.rank)) record.rank = fact.rank;
  for (const Score& score : fact.scores)
    if (score.benchmark == "lmarena-text") take_largest(record.score, std::optional(score.value));
}

// The context that the model has is the largest that anybody offers, unless our own facts say it.
std::optional<std::int64_t> context_of(std::span<const ModelFact* const> facts) {
  if (!facts.empty() && facts.front()->address.source == "facts" && facts.front()->context)
    return facts.front()->context;
  std::optional<std::int64_t> largest;
  for (const ModelFact* fact : facts) take_largest(largest, fact->context);
  return largest;
}

}  // namespace

PicoDollars blended(PicoDollars input, PicoDollars output) {
  // Sums of quarters: prices near the limit of the type stay inside it.
  return {input.count / 4 * 3 + input.count % 4 * 3 / 4 + output.count / 4};
}

ModelRecord fold(std::span<const ModelFact> facts) {
  std::vector<const ModelFact*> sorted;
  for (const ModelFact& fact : facts) sorted.push_back(&fact);
  std::ranges::sort(sorted, [](const ModelFact* a, const ModelFact* b) {
    return std::tuple(order_of(*a), a->address.name.size(), a->address.name) <
           std::tuple(order_of(*b), b->address.name.size(), b->address.name);
  });
  ModelRecord record;
  record.context = context_of(sorted);
  for (const ModelFact* fact : sorted) {
    take_words(*fact, record);
    take_numbers(*fact, record);
    take_offers(*fact, record);
    take_files(*fact, record);
    if (record.inputs == 0) record.inputs = fact->inputs;
    if (record.outputs == 0) record.outputs = fact->outputs;
    if (record.address.name.empty()) {
      // The facts file names models by an address of another source.
      record.address = fact->address.source == "facts" && !fact->also.empty() ? fact->also.front() : fact->address;
      record.name = fact->name;
    }
    if (!record.parameters) record.parameters = parameters_in_name(fact->address.name);
  }
  if (record.name.empty()) record.name = record.address.name;
  std::ranges::sort(record.languages);
  record.languages.erase(std::unique(record.languages.begin(), record.languages.end()), record.languages.end());
  return record;
}

std::span<const std::string_view> permissive_licenses() {
  static constexpr std::array<std::string_view, 21> kPermissive{
      "apache-2.0", "mit",          "bsd",          "bsd-2-clause",        "bsd-3-clause",
      "bsl-1.0",    "isc",          "cc0-1.0",      "cc-by-2.0",           "cc-by-3.0",
      "cc-by-4.0",  "cc-by-sa-3.0", "cc-by-sa-4.0", "unlicense",           "wtfpl",
      "zlib",       "mpl-2.0",      "artistic-2.0", "cdla-permissive-1.0", "cdla-permissive-2.0",
      "openmdw-1.0"};
  return kPermissive;
}

}  // namespace zubr::catalog
