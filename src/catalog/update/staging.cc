#include "catalog/update/staging.h"

#include <algorithm>

#include "catalog/facts_text.h"
#include "catalog/merge.h"
#include "core/utf8.h"

namespace zubr::catalog {
namespace {

// Raised when the importers read more than before: what servers call unchanged is then read again.
constexpr std::int64_t kReader = 1;
constexpr std::size_t kMaxName = 300;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && core::utf8_replace(name) == name &&
         std::ranges::none_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

template <typename Take>
Result<void> each_line(std::string_view lines, Take take) {
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    if (end > at) ZUBR_CHECK(take(lines.substr(at, end - at)));
    at = end + 1;
  }
  return {};
}

// "hf\tname", one a line; of data sets nothing needs to be met.
Result<std::string> names_in(std::string_view lines) {
  std::string names;
  ZUBR_CHECK(each_line(lines, [&](std::string_view line) -> Result<void> {
    if (line.starts_with("{\"dataset\"")) return {};
    ZUBR_TRY(fact, parse_model_fact(line));
    names += fmt::format("{}\t{}\n", fact.address.source, fact.address.name);
    return {};
  }));
  return names;
}

Result<void> add_page(Merger& merger, const std::string& lines, bool unchanged) {
  return each_line(lines, [&](std::string_view line) -> Result<void> {
    if (unchanged) {
      const std::size_t tab = line.find('\t');
      ZUBR_CHECK(merger.meet(line.substr(0, tab), line.substr(tab + 1)));
      return {};
    }
    if (line.starts_with("{\"dataset\"")) {
      ZUBR_TRY(fact, parse_dataset_fact(line));
      return merger.add(fact);
    }
    ZUBR_TRY(fact, parse_model_fact(line));
    return merger.add(fact);
  });
}

}  // namespace

std::string lines_of(Facts& facts) {
  facts.skipped += static_cast<std::int64_t>(
      std::erase_if(facts.models, [](const ModelFact& fact) { return !is_plain_name(fact.address.name); }));
  facts.skipped += static_cast<std::int64_t>(
      std::erase_if(facts.datasets, [](const DatasetFact& fact) { return !is_plain_name(fact.name); }));
  std::string lines;
  for (const ModelFact& fact : facts.models) lines += fact_line(fact) + "\n";
  for (const DatasetFact& fact : facts.datasets) lines += fact_line(fact) + "\n";
  return lines;
}

Result<Staging::State> Staging::open(const std::string& wish, const std::string& first, const std::string& today,
                                     const std::string& oldest) {
  storage::Database& database = catalog_.database();
  const std::string full_wish = fmt::format("{} {}", kReader, wish);
  {
    ZUBR_TRY(query, database.prepare("SELECT next, entries, skipped, (SELECT count(*) FROM staged_page WHERE source = "
                                     "?1) FROM staging WHERE source = ?1 AND wish = ?2 AND begun >= ?3"));
    query.bind(1, key_);
    query.bind(2, full_wish);
    query.bind(3, oldest);
    ZUBR_TRY(found, query.step());
    if (found && query.integer(3) > 0)
      return State{true, query.text(0), query.integer(1), query.integer(2), query.integer(3)};
  }
  ZUBR_TRY(transaction, storage::Transaction::begin(database));
  ZUBR_CHECK(clear());
  ZUBR_TRY(insert, database.prepare("INSERT INTO staging (source, wish, next, begun) VALUES (?, ?, ?, ?)"));
  insert.bind(1, key_);
  insert.bind(2, full_wish);
  insert.bind(3, first);
  insert.bind(4, today);
  ZUBR_CHECK(insert.run());
  ZUBR_CHECK(transaction.commit());
  return State{false, first, 0, 0, 0};
}

Result<void> Staging::keep(const StagedPage& page, std::int64_t entries, std::int64_t skipped) {
  storage::Database& database = catalog_.database();
  ZUBR_TRY(transaction, storage::Transaction::begin(database));
  ZUBR_TRY(insert, database.prepare("INSERT INTO staged_page (source, number, url, next, etag, modified, unchanged, "
                                    "lines) VALUES (?1, (SELECT count(*) FROM staged_page WHERE source = ?1), ?2, ?3, "
                                    "?4, ?5, ?6, ?7)"));
  insert.bind(1, key_);
  insert.bind(2, page.url);
  insert.bind(3, page.next);
  insert.bind(4, page.validator.etag);
  insert.bind(5, page.validator.modified);
  insert.bind(6, int{page.unchanged});
  insert.bind(7, page.lines);
  ZUBR_CHECK(insert.run());
  ZUBR_TRY(update, database.prepare("UPDATE staging SET next = ?, entries = entries + ?, skipped = skipped + ? WHERE "
                                    "source = ?"));
  update.bind(1, page.next);
  update.bind(2, entries);
  update.bind(3, skipped);
  update.bind(4, key_);
  ZUBR_CHECK(update.run());
  return transaction.commit();
}

Result<bool> Staging::has(std::string_view url) {
  ZUBR_TRY(query, catalog_.database().prepare("SELECT 1 FROM staged_page WHERE source = ? AND url = ?"));
  query.bind(1, key_);
  query.bind(2, url);
  return query.step();
}

Result<MergeReport> Staging::publish(const SourceInfo& source, bool whole, bool commit) {
  storage::Database& database = catalog_.database();
  ZUBR_TRY(transaction, storage::Transaction::begin(database));
  ZUBR_TRY(ignored, catalog_.begin_round(source));
  ZUBR_TRY(merger, Merger::begin(database, source));
  {
    ZUBR_TRY(query, database.prepare("SELECT lines, unchanged FROM staged_page WHERE source = ? ORDER BY number"));
    query.bind(1, key_);
    for (;;) {
      ZUBR_TRY(more, query.step());
      if (!more) break;
      ZUBR_CHECK(add_page(merger, query.text(0), query.integer(1) != 0));
    }
  }
  ZUBR_TRY(report, merger.finish());
  if (whole) {
    ZUBR_TRY(gone, catalog_.let_go_unmet(source));
    report.add(gone);
  }
  ZUBR_CHECK(catalog_.close_round(source));
  ZUBR_CHECK(keep_answers());
  ZUBR_CHECK(clear());
  if (commit) ZUBR_CHECK(transaction.commit());
  return report;
}

Result<void> Staging::keep_answers() {
  storage::Database& database = catalog_.database();
  ZUBR_TRY(query, database.prepare("SELECT url, next, etag, modified, unchanged, lines FROM staged_page WHERE source = "
                                   "? AND (etag <> '' OR modified <> '')"));
  query.bind(1, key_);
  ZUBR_TRY(insert, database.prepare("INSERT OR REPLACE INTO answer (url, next, etag, modified, reader, names) VALUES "
                                    "(?, ?, ?, ?, ?, ?)"));
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return {};
    std::string names = query.text(5);
    if (query.integer(4) == 0) {
      ZUBR_TRY(found, names_in(names));
      names = std::move(found);
    }
    for (int i = 0; i < 4; ++i) insert.bind(i + 1, query.text(i));
    insert.bind(5, kReader);
    insert.bind(6, names);
    ZUBR_CHECK(insert.run());
  }
}

Result<void> Staging::clear() {
  for (const std::string_view sql :
       {"DELETE FROM staging WHERE source = ?", "DELETE FROM staged_page WHERE source = ?"}) {
    ZUBR_TRY(remove, catalog_.database().prepare(sql));
    remove.bind(1, key_);
    ZUBR_CHECK(remove.run());
  }
  return {};
}

Result<void> Staging::discard() {
  ZUBR_TRY(transaction, storage::Transaction::begin(catalog_.database()));
  ZUBR_CHECK(clear());
  return transaction.commit();
}

Result<std::optional<KnownAnswer>> Staging::known(std::string_view url) {
  ZUBR_TRY(query,
           catalog_.database().prepare("SELECT etag, modified, next, names FROM answer WHERE url = ? AND reader = ?"));
  query.bind(1, url);
  query.bind(2, kReader);
  ZUBR_TRY(found, query.step());
  if (!found) return std::nullopt;
  KnownAnswer answer{{query.text(0), query.text(1)}, query.text(2), query.text(3), 0};
  answer.entries = std::ranges::count(answer.names, '\n');
  return answer;
}

}  // namespace zubr::catalog
