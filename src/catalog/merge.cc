#include "catalog/merge.h"

#include <cmath>

#include "catalog/facts_text.h"
#include "catalog/model_name.h"

namespace zubr::catalog {
namespace {

// Kinds of text in one column each, a blank on both sides of each word so that ' pl ' can be looked for.
std::string spaced(const std::vector<std::string>& words) {
  return words.empty() ? std::string() : fmt::format(" {} ", fmt::join(words, " "));
}

// How much a model is used, for putting the well-known first: decimal orders of magnitude.
double weight_of(const ModelRecord& record) {
  const auto magnitude = [](const std::optional<std::int64_t>& count) {
    return std::log10(1.0 + static_cast<double>(count.value_or(0)));
  };
  const double use = std::max(magnitude(record.downloads), magnitude(record.pulls));
  const double served = record.input ? 2.0 : 0.0;
  const double ranked = record.rank ? std::max(0.0, 3.0 - std::log10(static_cast<double>(*record.rank))) : 0.0;
  return use + served + ranked + (record.score ? 1.0 : 0.0);
}

// Addresses of these are labels of entries; the model is named beside them.
bool is_label(std::string_view source) {
  return source == "facts" || source == "lmarena" || source == "aider" || source == "imported" ||
         source == "hf-leaderboard" || source == "openrouter-endpoints" || source == "open-llm";
}

std::optional<std::int64_t> count_of(const std::optional<PicoDollars>& amount) {
  return amount ? std::optional(amount->count) : std::nullopt;
}
std::optional<std::int64_t> flag_of(const std::optional<bool>& flag) {
  return flag ? std::optional(std::int64_t{*flag}) : std::nullopt;
}

}  // namespace

Result<Merger> Merger::begin(storage::Database& database, const SourceInfo& source) {
  ZUBR_TRY(query, database.prepare("SELECT round FROM source WHERE name = ?"));
  query.bind(1, source.name);
  ZUBR_TRY(found, query.step());
  return Merger(database, source, found ? query.integer(0) : 0);
}

Result<storage::Statement*> Merger::prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    ZUBR_TRY(statement, database_.prepare(sql));
    found = statements_.emplace(sql, std::move(statement)).first;
  }
  return &found->second;
}

Result<std::optional<std::int64_t>> Merger::find_model(std::string_view sql, std::string_view a, std::string_view b) {
  ZUBR_TRY(query, prepared(sql));
  query->bind(1, a);
  if (!b.empty()) query->bind(2, b);
  ZUBR_TRY(found, query->step());
  if (!found) return std::nullopt;
  const std::int64_t model = query->integer(0);
  query->reset();
  return model;
}

Result<std::int64_t> Merger::join(const std::set<std::int64_t>& models) {
  const std::int64_t kept = *models.begin();
  for (auto other = std::next(models.begin()); other != models.end(); ++other) {
    for (const std::string_view sql :
         {"UPDATE listing SET model = ?1 WHERE model = ?2", "UPDATE address SET model = ?1 WHERE model = ?2",
          "UPDATE name_key SET model = ?1 WHERE model = ?2"}) {
      ZUBR_TRY(update, prepared(sql));
      update->bind(1, kept);
      update->bind(2, *other);
      ZUBR_CHECK(update->run());
    }
    for (const std::string_view sql : {"DELETE FROM words WHERE rowid = ?", "DELETE FROM model WHERE id = ?"}) {
      ZUBR_TRY(remove, prepared(sql));
      remove->bind(1, *other);
      ZUBR_CHECK(remove->run());
    }
    touched_.erase(*other);
  }
  if (models.size() > 1) touched_.insert(kept);
  return kept;
}

Result<std::int64_t> Merger::model_of(const ModelFact& fact) {
  std::vector<Address> addresses{fact.address};
  std::set<std::string> keys;
  const bool is_copy = fact.relation == BaseRelation::kQuantized && is_copy_of(fact.address.name, fact.base);
  if (!is_copy && !is_label(fact.address.source)) keys.insert(name_key(fact.address));
  for (const Address& also : fact.also) {
    const bool alias = also.source == fact.address.source && also.source != "models.dev";
    if (!alias && !is_label(fact.address.source) && !fact.address.name.ends_with(also.name) &&
        !may_be_one(fact.address, also))
      continue;
    if (also.source != "name") addresses.push_back(also);
    if (!alias) keys.insert(name_key(also));
  }
  if (is_copy) addresses.push_back({"hf", fact.base});
  keys.erase("");

  std::set<std::int64_t> models;
  for (const Address& address : addresses) {
    ZUBR_TRY(found,
             find_model("SELECT model FROM address WHERE name = ? AND source = ?", address.name, address.source));
    if (found) models.insert(*found);
  }
  for (const std::string& key : keys) {
    ZUBR_TRY(found, find_model("SELECT model FROM name_key WHERE name = ?", key, {}));
    if (found) models.insert(*found);
  }
  if (models.empty()) {
    ZUBR_TRY(insert, prepared("INSERT INTO model (source, address, name, author, task, license, summary, inputs, "
                              "outputs, languages, created, modified, base, relation, free, weight) "
                              "VALUES ('', '', '', '', '', '', '', 0, 0, '', '', '', '', '', 0, 0)"));
    ZUBR_CHECK(insert->run());
    models.insert(database_.last_insert_id());
  }
  ZUBR_TRY(model, join(models));
  for (const Address& address : addresses) {
    ZUBR_TRY(insert, prepared("INSERT OR IGNORE INTO address (name, source, model) VALUES (?, ?, ?)"));
    insert->bind(1, address.name);
    insert->bind(2, address.source);
    insert->bind(3, model);
    ZUBR_CHECK(insert->run());
  }
  for (const std::string& key : keys) {
    ZUBR_TRY(insert, prepared("INSERT OR IGNORE INTO name_key (name, model) VALUES (?, ?)"));
    insert->bind(1, key);
    insert->bind(2, model);
    ZUBR_CHECK(insert->run());
  }
  return model;
}

Result<void> Merger::add(const ModelFact& fact) {
  ZUBR_TRY(model, model_of(fact));
  const std::string line = fact_line(fact);
  ZUBR_TRY(query, prepared("SELECT id, fact, gone FROM listing WHERE source = ? AND name = ?"));
  query->bind(1, fact.address.source);
  query->bind(2, fact.address.name);
  ZUBR_TRY(known, query->step());
  std::int64_t listing = known ? query->integer(0) : 0;
  const bool same = known && query->is_null(2) && query->text(1) == line;
  if (known) query->reset();
  if (same) {
    ++report_.unchanged;
    ZUBR_TRY(update, prepared("UPDATE listing SET round = ?, seen = ? WHERE id = ?"));
    update->bind(1, round_);
    update->bind(2, source_.date);
    update->bind(3, listing);
    return update->run();
  }
  if (known) {
    ++report_.changed;
    ZUBR_TRY(update, prepared("UPDATE listing SET fact = ?, seen = ?, gone = NULL, round = ?, model = ? WHERE id = ?"));
    update->bind(1, line);
    update->bind(2, source_.date);
    update->bind(3, round_);
    update->bind(4, model);
    update->bind(5, listing);
    ZUBR_CHECK(update->run());
  } else {
    ++report_.added;
    if (report_.new_names.size() < MergeReport::kMaxNamed) report_.new_names.push_back(fact.address.name);
    ZUBR_TRY(insert,
             prepared("INSERT INTO listing (model, source, name, fact, seen, round) VALUES (?, ?, ?, ?, ?, ?)"));
    insert->bind(1, model);
    insert->bind(2, fact.address.source);
    insert->bind(3, fact.address.name);
    insert->bind(4, line);
    insert->bind(5, source_.date);
    insert->bind(6, round_);
    ZUBR_CHECK(insert->run());
    listing = database_.last_insert_id();
  }
  touched_.insert(model);
  return write_parts(fact, listing);
}

Result<bool> Merger::meet(std::string_view source, std::string_view name) {
  ZUBR_TRY(query, prepared("SELECT fact FROM listing WHERE source = ? AND name = ?"));
  query->bind(1, source);
  query->bind(2, name);
  ZUBR_TRY(known, query->step());
  if (!known) return false;
  const std::string line = query->text(0);
  query->reset();
  // add() sees that it is the same; one that was gone gets its offers back.
  ZUBR_TRY(fact, parse_model_fact(line));
  ZUBR_CHECK(add(fact));
  return true;
}

Result<void> Merger::write_parts(const ModelFact& fact, std::int64_t listing) {
  for (const std::string_view sql : {"DELETE FROM offer WHERE listing = ?", "DELETE FROM file WHERE listing = ?",
                                     "DELETE FROM score WHERE listing = ?"}) {
    ZUBR_TRY(remove, prepared(sql));
    remove->bind(1, listing);
    ZUBR_CHECK(remove->run());
  }
  ZUBR_CHECK(write_offers(fact, listing));
  for (const ModelFile& file : fact.files) {
    ZUBR_TRY(insert, prepared("INSERT OR REPLACE INTO file (listing, name, quantization, bytes) VALUES (?, ?, ?, ?)"));
    insert->bind(1, listing);
    insert->bind(2, file.name);
    insert->bind(3, file.quantization);
    insert->bind(4, static_cast<std::int64_t>(file.bytes));
    ZUBR_CHECK(insert->run());
  }
  for (const Score& score : fact.scores) {
    ZUBR_TRY(insert, prepared("INSERT OR REPLACE INTO score (listing, benchmark, value, day) VALUES (?, ?, ?, ?)"));
    insert->bind(1, listing);
    insert->bind(2, score.benchmark);
    insert->bind(3, score.value);
    insert->bind(4, score.date.empty() ? source_.date : score.date);
    ZUBR_CHECK(insert->run());
  }
  return {};
}

Result<void> Merger::write_offers(const ModelFact& fact, std::int64_t listing) {
  for (const Offer& offer : fact.offers) {
    ZUBR_TRY(insert, prepared("INSERT OR REPLACE INTO offer (listing, provider, tag, input, output, cached, context, "
                              "max_output, quantization, latency, speed, trains, retains, region) "
                              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert->bind(1, listing);
    insert->bind(2, offer.provider);
    insert->bind(3, offer.tag);
    insert->bind(4, count_of(offer.input));
    insert->bind(5, count_of(offer.output));
    insert->bind(6, count_of(offer.cached_input));
    insert->bind(7, offer.context);
    insert->bind(8, offer.max_output);
    insert->bind(9, offer.quantization);
    insert->bind(10, offer.latency_ms);
    insert->bind(11, offer.tokens_per_second);
    insert->bind(12, flag_of(offer.trains));
    insert->bind(13, flag_of(offer.retains));
    insert->bind(14, offer.region);
    ZUBR_CHECK(insert->run());
    ZUBR_CHECK(note_price(fact, offer));
  }
  return {};
}

Result<void> Merger::note_price(const ModelFact& fact, const Offer& offer) {
  if (!offer.input && !offer.output) return {};
  ZUBR_TRY(query, prepared("SELECT input, output FROM price_change WHERE source = ? AND name = ? AND provider = ? AND "
                           "tag = ? AND day <= ? ORDER BY day DESC LIMIT 1"));
  query->bind(1, fact.address.source);
  query->bind(2, fact.address.name);
  query->bind(3, offer.provider);
  query->bind(4, offer.tag);
  query->bind(5, source_.date);
  ZUBR_TRY(known, query->step());
  const auto amount = [&](int column) {
    const auto count = query->maybe_integer(column);
    return count ? std::optional(PicoDollars{*count}) : std::nullopt;
  };
  const std::optional<PicoDollars> input = known ? amount(0) : std::nullopt;
  const std::optional<PicoDollars> output = known ? amount(1) : std::nullopt;
  if (known) query->reset();
  if (known && input == offer.input && output == offer.output) return {};
  ZUBR_TRY(insert, prepared("INSERT OR REPLACE INTO price_change (source, name, provider, tag, day, input, output) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert->bind(1, fact.address.source);
  insert->bind(2, fact.address.name);
  insert->bind(3, offer.provider);
  insert->bind(4, offer.tag);
  insert->bind(5, source_.date);
  insert->bind(6, count_of(offer.input));
  insert->bind(7, count_of(offer.output));
  ZUBR_CHECK(insert->run());
  if (!known) return {};
  ++report_.price_change_count;
  if (report_.price_changes.size() < MergeReport::kMaxNamed)
    report_.price_changes.push_back({fact.address.name, offer.provider, input, output, offer.input, offer.output});
  return {};
}

Result<void> Merger::let_go(std::int64_t listing, const std::string& name) {
  ++report_.gone;
  if (report_.gone_names.size() < MergeReport::kMaxNamed) report_.gone_names.push_back(name);
  ZUBR_TRY(update, prepared("UPDATE listing SET gone = ? WHERE id = ?"));
  update->bind(1, source_.date);
  update->bind(2, listing);
  ZUBR_CHECK(update->run());
  for (const std::string_view sql : {"DELETE FROM offer WHERE listing = ?", "DELETE FROM file WHERE listing = ?",
                                     "DELETE FROM score WHERE listing = ?"}) {
    ZUBR_TRY(remove, prepared(sql));
    remove->bind(1, listing);
    ZUBR_CHECK(remove->run());
  }
  ZUBR_TRY(query, prepared("SELECT model FROM listing WHERE id = ?"));
  query->bind(1, listing);
  ZUBR_TRY(found, query->step());
  if (found) touched_.insert(query->integer(0));
  query->reset();
  return {};
}

Result<std::vector<ModelFact>> Merger::facts_of(std::int64_t model) {
  ZUBR_TRY(query, prepared("SELECT fact, gone FROM listing WHERE model = ?"));
  query->bind(1, model);
  std::vector<ModelFact> facts;
  for (;;) {
    ZUBR_TRY(more, query->step());
    if (!more) return facts;
    ZUBR_TRY(fact, parse_model_fact(query->text(0)));
    if (!query->is_null(1)) {
      fact.offers.clear();
      fact.files.clear();
      fact.scores.clear();
    }
    facts.push_back(std::move(fact));
  }
}

Result<void> Merger::refresh(std::int64_t model) {
  ZUBR_TRY(facts, facts_of(model));
  ModelRecord record = fold(facts);
  return write_record(model, record, facts);
}

Result<void> Merger::write_record(std::int64_t model, const ModelRecord& record, const std::vector<ModelFact>& facts) {
  ZUBR_TRY(
      update,
      prepared("UPDATE model SET source = ?, address = ?, name = ?, author = ?, task = ?, license = ?, summary = ?, "
               "open = ?, gated = ?, parameters = ?, active_parameters = ?, context = ?, inputs = ?, outputs = ?, "
               "languages = ?, downloads = ?, likes = ?, pulls = ?, rank = ?, trending = ?, created = ?, "
               "modified = ?, base = ?, relation = ?, layers = ?, kv_heads = ?, head_size = ?, window_layers = ?, "
               "window = ?, image_layers = ?, image_tokens = ?, input = ?, "
               "output = ?, price = ?, free = ?, score = ?, smallest_file = ?, weight = ? WHERE id = ?"));
  int at = 0;
  for (const std::string* text : {&record.address.source, &record.address.name, &record.name, &record.author,
                                  &record.task, &record.license, &record.summary})
    update->bind(++at, *text);
  update->bind(++at, flag_of(record.open));
  update->bind(++at, flag_of(record.gated));
  update->bind(++at, record.parameters);
  update->bind(++at, record.active_parameters);
  update->bind(++at, record.context);
  update->bind(++at, std::int64_t{record.inputs});
  update->bind(++at, std::int64_t{record.outputs});
  update->bind(++at, spaced(record.languages));
  for (const auto& count : {record.downloads, record.likes, record.pulls, record.rank}) update->bind(++at, count);
  update->bind(++at, record.trending);
  for (const std::string* text : {&record.created, &record.modified, &record.base}) update->bind(++at, *text);
  update->bind(++at, relation_text(record.relation));
  for (const auto& count : {record.layers, record.kv_heads, record.head_size, record.window_layers, record.window,
                            record.image_layers, record.image_tokens})
    update->bind(++at, count);
  update->bind(++at, count_of(record.input));
  update->bind(++at, count_of(record.output));
  update->bind(++at, record.input ? std::optional(blended(*record.input, *record.output).count) : std::nullopt);
  update->bind(++at, std::int64_t{record.free});
  update->bind(++at, record.score);
  update->bind(++at, record.smallest_file ? std::optional(static_cast<std::int64_t>(*record.smallest_file))
                                          : std::optional<std::int64_t>());
  update->bind(++at, weight_of(record));
  update->bind(++at, model);
  ZUBR_CHECK(update->run());

  std::set<std::string> words;
  for (const ModelFact& fact : facts) {
    words.insert(search_words(fact.name.empty() ? fact.address.name : fact.name));
    if (fact.address.source != "facts") words.insert(search_words(fact.address.name));
    for (const Address& also : fact.also) words.insert(search_words(also.name));
    words.insert(search_words(fact.author + " " + fact.task));
    for (const std::string& tag : fact.tags) words.insert(search_words(tag));
    words.insert(search_words(fact.summary));
  }
  ZUBR_TRY(index, prepared("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)"));
  index->bind(1, model);
  index->bind(2, fmt::format("{}", fmt::join(words, " ")));
  return index->run();
}

Result<MergeReport> Merger::finish() {
  for (const std::int64_t model : touched_) ZUBR_CHECK(refresh(model));
  return std::move(report_);
}

Result<void> Merger::add(const DatasetFact& fact) {
  ZUBR_TRY(insert,
           prepared("INSERT INTO dataset (name, license, size, languages, tasks, tags, downloads, likes, "
                    "trending, created, modified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) "
                    "DO UPDATE SET license = excluded.license, size = excluded.size, "
                    "languages = excluded.languages, tasks = excluded.tasks, tags = excluded.tags, "
                    "downloads = excluded.downloads, likes = excluded.likes, trending = excluded.trending, "
                    "modified = excluded.modified WHERE (license, size, languages, tasks, tags, downloads, likes, "
                    "trending, modified) IS NOT (excluded.license, excluded.size, excluded.languages, "
                    "excluded.tasks, excluded.tags, excluded.downloads, excluded.likes, excluded.trending, "
                    "excluded.modified) RETURNING id"));
  insert->bind(1, fact.name);
  insert->bind(2, fact.license);
  insert->bind(3, fact.size);
  insert->bind(4, spaced(fact.languages));
  insert->bind(5, spaced(fact.tasks));
  insert->bind(6, spaced(fact.tags));
  insert->bind(7, fact.downloads);
  insert->bind(8, fact.likes);
  insert->bind(9, fact.trending);
  insert->bind(10, fact.created);
  insert->bind(11, fact.modified);
  ZUBR_TRY(changed, insert->step());
  if (!changed) {
    ++report_.unchanged;
    return {};
  }
  const std::int64_t id = insert->integer(0);
  insert->reset();
  ++report_.datasets;
  ZUBR_TRY(index, prepared("INSERT OR REPLACE INTO dataset_words (rowid, text) VALUES (?, ?)"));
  index->bind(1, id);
  index->bind(2,
              search_words(fmt::format("{} {} {}", fact.name, fmt::join(fact.tasks, " "), fmt::join(fact.tags, " "))));
  return index->run();
}

}  // namespace zubr::catalog
