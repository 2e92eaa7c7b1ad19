#include "catalog/catalog.h"

#include "catalog/facts_text.h"
#include "catalog/merge.h"
#include "catalog/model_name.h"
#include "catalog/schema.h"

namespace zubr::catalog {
namespace {

// Before a position, so that "open, at the beginning" is not "none open".
constexpr char kOpen = '+';

std::vector<std::string> words_of(const std::string& spaced) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < spaced.size()) {
    const std::size_t end = std::min(spaced.find(' ', at), spaced.size());
    if (end > at) words.push_back(spaced.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::optional<PicoDollars> money(const std::optional<std::int64_t>& count) {
  return count ? std::optional(PicoDollars{*count}) : std::nullopt;
}
std::optional<bool> flag(const std::optional<std::int64_t>& value) {
  return value ? std::optional(*value != 0) : std::nullopt;
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  for (const T& item : from)
    if (to.size() < MergeReport::kMaxNamed) to.push_back(item);
}

}  // namespace

void MergeReport::add(const MergeReport& other) {
  added += other.added;
  changed += other.changed;
  unchanged += other.unchanged;
  gone += other.gone;
  datasets += other.datasets;
  price_change_count += other.price_change_count;
  append(new_names, other.new_names);
  append(gone_names, other.gone_names);
  append(price_changes, other.price_changes);
}

std::string_view record_columns() {
  return "model.id, model.source, model.address, model.name, model.author, model.task, model.license, model.summary, "
         "model.open, model.gated, model.parameters, model.active_parameters, model.context, model.inputs, "
         "model.outputs, model.languages, model.downloads, model.likes, model.pulls, model.rank, model.trending, "
         "model.created, model.modified, model.base, model.relation, model.layers, model.kv_heads, model.head_size, "
         "model.window_layers, model.window, model.image_layers, model.image_tokens, "
         "model.input, model.output, model.free, model.score, model.smallest_file";
}

ModelRecord read_record(const storage::Statement& row) {
  int at = 0;
  ModelRecord record;
  record.id = row.integer(at++);
  record.address.source = row.text(at++);
  record.address.name = row.text(at++);
  for (std::string* text : {&record.name, &record.author, &record.task, &record.license, &record.summary})
    *text = row.text(at++);
  record.open = flag(row.maybe_integer(at++));
  record.gated = flag(row.maybe_integer(at++));
  record.parameters = row.maybe_integer(at++);
  record.active_parameters = row.maybe_integer(at++);
  record.context = row.maybe_integer(at++);
  record.inputs = static_cast<unsigned>(row.integer(at++));
  record.outputs = static_cast<unsigned>(row.integer(at++));
  record.languages = words_of(row.text(at++));
  for (std::optional<std::int64_t>* count : {&record.downloads, &record.likes, &record.pulls, &record.rank})
    *count = row.maybe_integer(at++);
  record.trending = row.maybe_number(at++);
  for (std::string* text : {&record.created, &record.modified, &record.base}) *text = row.text(at++);
  record.relation = relation_of(row.text(at++));
  for (std::optional<std::int64_t>* count : {&record.layers, &record.kv_heads, &record.head_size, &record.window_layers,
                                             &record.window, &record.image_layers, &record.image_tokens})
    *count = row.maybe_integer(at++);
  record.input = money(row.maybe_integer(at++));
  record.output = money(row.maybe_integer(at++));
  record.free = row.integer(at++) != 0;
  record.score = row.maybe_number(at++);
  if (const auto bytes = row.maybe_integer(at++)) record.smallest_file = static_cast<std::uint64_t>(*bytes);
  return record;
}

Result<Catalog> Catalog::ready(Result<storage::Database> database) {
  if (!database) return fail(database.error());
  ZUBR_CHECK(storage::migrate(*database, schema_steps()));
  return Catalog(std::move(*database));
}

Result<Catalog> Catalog::open(const std::filesystem::path& file) { return ready(storage::Database::open(file)); }
Result<Catalog> Catalog::in_memory() { return ready(storage::Database::in_memory()); }

Result<MergeReport> Catalog::merge(const Facts& facts, const SourceInfo& source) {
  ZUBR_TRY(transaction, storage::Transaction::begin(database_));
  ZUBR_TRY(merger, Merger::begin(database_, source));
  for (const ModelFact& fact : facts.models) ZUBR_CHECK(merger.add(fact));
  for (const DatasetFact& fact : facts.datasets) ZUBR_CHECK(merger.add(fact));
  ZUBR_TRY(report, merger.finish());
  ZUBR_CHECK(transaction.commit());
  return report;
}

Result<SourceState> Catalog::source_state(std::string_view source) {
  ZUBR_TRY(query, database_.prepare("SELECT day, position, round FROM source WHERE name = ?"));
  query.bind(1, source);
  ZUBR_TRY(found, query.step());
  if (!found) return SourceState{};
  return SourceState{query.text(0), query.text(1), query.integer(2)};
}

Result<std::string> Catalog::begin_round(const SourceInfo& source) {
  ZUBR_TRY(state, source_state(source.name));
  if (!state.position.empty()) return state.position.substr(1);
  ZUBR_TRY(update, database_.prepare("INSERT INTO source (name, url, day, license, position, round) "
                                     "VALUES (?1, ?2, '', ?3, ?4, 1) ON CONFLICT (name) DO UPDATE SET url = ?2, "
                                     "license = ?3, position = ?4, round = round + 1"));
  update.bind(1, source.name);
  update.bind(2, source.url);
  update.bind(3, source.license);
  update.bind(4, std::string(1, kOpen));
  ZUBR_CHECK(update.run());
  return std::string();
}

Result<void> Catalog::keep_position(std::string_view source, std::string_view position) {
  ZUBR_TRY(update, database_.prepare("UPDATE source SET position = ? WHERE name = ?"));
  update.bind(1, kOpen + std::string(position));
  update.bind(2, source);
  return update.run();
}

Result<MergeReport> Catalog::let_go_unmet(const SourceInfo& source) {
  ZUBR_TRY(state, source_state(source.name));
  std::vector<std::pair<std::int64_t, std::string>> missing;
  {
    ZUBR_TRY(query, database_.prepare("SELECT id, name FROM listing WHERE source = ? AND round <> ? AND gone IS NULL"));
    query.bind(1, source.name);
    query.bind(2, state.round);
    for (;;) {
      ZUBR_TRY(more, query.step());
      if (!more) break;
      missing.emplace_back(query.integer(0), query.text(1));
    }
  }
  ZUBR_TRY(merger, Merger::begin(database_, source));
  for (const auto& [listing, name] : missing) ZUBR_CHECK(merger.let_go(listing, name));
  return merger.finish();
}

Result<MergeReport> Catalog::end_round(const SourceInfo& source) {
  ZUBR_TRY(transaction, storage::Transaction::begin(database_));
  ZUBR_TRY(report, let_go_unmet(source));
  ZUBR_CHECK(close_round(source));
  ZUBR_CHECK(transaction.commit());
  return report;
}

Result<void> Catalog::close_round(const SourceInfo& source) {
  ZUBR_TRY(update, database_.prepare("UPDATE source SET position = '', day = ? WHERE name = ?"));
  update.bind(1, source.date);
  update.bind(2, source.name);
  return update.run();
}

Result<std::vector<SourceInfo>> Catalog::sources() {
  ZUBR_TRY(query, database_.prepare("SELECT name, url, day, license FROM source ORDER BY name"));
  std::vector<SourceInfo> sources;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return sources;
    sources.push_back({query.text(0), query.text(1), query.text(2), query.text(3)});
  }
}

Result<std::string> Catalog::note(std::string_view name) {
  ZUBR_TRY(query, database_.prepare("SELECT value FROM note WHERE name = ?"));
  query.bind(1, name);
  ZUBR_TRY(found, query.step());
  return found ? query.text(0) : std::string();
}

Result<void> Catalog::keep_note(std::string_view name, std::string_view value) {
  ZUBR_TRY(update, database_.prepare("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)"));
  update.bind(1, name);
  update.bind(2, value);
  return update.run();
}

Result<std::int64_t> Catalog::model_count() {
  ZUBR_TRY(query, database_.prepare("SELECT count(*) FROM model"));
  ZUBR_TRY(found, query.step());
  return found ? query.integer(0) : 0;
}

Result<std::vector<std::string>> Catalog::listed(std::string_view source) {
  ZUBR_TRY(query, database_.prepare("SELECT listing.name FROM listing JOIN model ON model.id = listing.model WHERE "
                                    "listing.source = ? AND gone IS NULL ORDER BY model.weight DESC, listing.name"));
  query.bind(1, source);
  std::vector<std::string> names;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return names;
    names.push_back(query.text(0));
  }
}

}  // namespace zubr::catalog
