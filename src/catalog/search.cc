#include "catalog/search.h"

#include <algorithm>
#include <variant>

#include "catalog/model_name.h"

namespace zubr::catalog {
namespace {

using Value = std::variant<std::int64_t, std::string>;

// A WHERE clause that grows, with its values.
class Conditions {
 public:
  void add(std::string condition) { conditions_.push_back(std::move(condition)); }
  void add(std::string condition, Value value) {
    add(std::move(condition));
    values_.push_back(std::move(value));
  }
  std::string text() const {
    return conditions_.empty() ? std::string() : fmt::format(" WHERE {}", fmt::join(conditions_, " AND "));
  }
  void bind(storage::Statement& statement) const {
    int at = 0;
    for (const Value& value : values_) {
      ++at;
      std::visit([&](const auto& bound) { statement.bind(at, bound); }, value);
    }
  }

 private:
  std::vector<std::string> conditions_;
  std::vector<Value> values_;
};

// Every word must begin a word of the text; a number must be one, but the last may be still being typed.
std::string match_expression(const std::string& text) {
  std::string expression;
  const std::string words = search_words(text);
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    const std::string word = words.substr(at, end - at);
    const bool number = std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
    // FTS5 takes a word in quotes as it is.
    expression += fmt::format("{}\"{}\"{}", expression.empty() ? "" : " ", word, number ? "" : " *");
    at = end + 1;
  }
  return expression;
}

std::string_view order_of(Sort sort) {
  switch (sort) {
    case Sort::kTrending: return "model.trending IS NULL, model.trending DESC, model.weight DESC";
    case Sort::kDownloads: return "model.downloads IS NULL, model.downloads DESC";
    case Sort::kScore: return "model.score IS NULL, model.score DESC, model.weight DESC";
    case Sort::kPrice: return "model.price IS NULL, model.price, model.weight DESC";
    case Sort::kPopular: return "model.rank IS NULL, model.rank, model.weight DESC";
    case Sort::kNew: return "model.created DESC, model.weight DESC";
    case Sort::kBest: break;
  }
  return "model.weight DESC";
}

void add_license(const std::string& license, std::string_view column, Conditions& where) {
  if (license == "permissive") {
    std::string list;
    for (const std::string_view one : permissive_licenses())
      list += fmt::format("{}'{}'", list.empty() ? "" : ", ", one);
    where.add(fmt::format("{} IN ({})", column, list));
  } else if (!license.empty()) {
    where.add(fmt::format("{} = ?", column), license);
  }
}

void add_filters(const Query& query, Conditions& where) {
  if (!query.author.empty()) where.add("model.author = ? COLLATE NOCASE", query.author);
  if (!query.task.empty()) where.add("model.task = ?", query.task);
  if (!query.language.empty()) where.add("instr(model.languages, ?) > 0", " " + query.language + " ");
  add_license(query.license, "model.license", where);
  if (query.modalities != 0) where.add("((model.inputs | model.outputs) & ?) <> 0", std::int64_t{query.modalities});
  if (query.min_parameters) where.add("model.parameters >= ?", *query.min_parameters);
  if (query.max_parameters) where.add("model.parameters <= ?", *query.max_parameters);
  if (query.min_context) where.add("model.context >= ?", *query.min_context);
  if (query.open) where.add("model.open = ?", std::int64_t{*query.open});
  if (query.gated) where.add("ifnull(model.gated, 0) = ?", std::int64_t{*query.gated});
  if (query.max_price) where.add("(model.price <= ? OR model.free)", query.max_price->count);
  if (query.fits_bytes) {
    where.add("model.open = 1");
    // As estimated_bytes(), or a file that is known to be there.
    where.add("min(ifnull(model.smallest_file, 9e18), ifnull(model.parameters * 97 / 160, 9e18)) <= ?",
              static_cast<std::int64_t>(*query.fits_bytes));
  }
}

}  // namespace

std::uint64_t estimated_bytes(std::int64_t parameters) { return static_cast<std::uint64_t>(parameters) * 97 / 160; }

Result<SearchPage> search(Catalog& catalog, const Query& query) {
  Conditions where;
  const std::string match = match_expression(query.text);
  if (match.empty() && !query.text.empty())
    return fail(ErrorCode::kInvalidArgument, "'{}' has no letters or digits to look for", query.text);
  if (!match.empty()) where.add("words MATCH ?", match);
  add_filters(query, where);
  const std::string_view from = match.empty() ? "model" : "words CROSS JOIN model ON model.id = words.rowid";
  ZUBR_TRY(statement, catalog.database().prepare(fmt::format(
                          "SELECT {} FROM {}{} ORDER BY {} LIMIT {} OFFSET {}", record_columns(), from, where.text(),
                          order_of(query.sort), std::clamp(query.limit, 1, 1000) + 1, std::max(0, query.offset))));
  where.bind(statement);
  SearchPage page;
  for (;;) {
    ZUBR_TRY(more, statement.step());
    if (!more) break;
    page.records.push_back(read_record(statement));
  }
  page.more = page.records.size() > static_cast<std::size_t>(std::clamp(query.limit, 1, 1000));
  if (page.more) page.records.pop_back();
  return page;
}

Result<std::vector<BenchmarkRow>> benchmarks(Catalog& catalog) {
  ZUBR_TRY(query, catalog.database().prepare("SELECT benchmark, count(*), max(day) FROM score GROUP BY benchmark "
                                             "ORDER BY count(*) DESC, benchmark"));
  std::vector<BenchmarkRow> rows;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return rows;
    rows.push_back({query.text(0), query.integer(1), query.text(2)});
  }
}

Result<std::vector<BoardRow>> leaderboard(Catalog& catalog, const std::string& benchmark, std::optional<bool> open,
                                          int limit) {
  // SQLite takes the other columns of a group from the row with the greatest value:
  // https://www.sqlite.org/lang_select.html#bareagg
  ZUBR_TRY(query, catalog.database().prepare(fmt::format(
                      "SELECT {}, max(score.value), score.day, listing.source FROM score JOIN listing ON "
                      "listing.id = score.listing JOIN model ON model.id = listing.model WHERE benchmark = ?{} "
                      "GROUP BY model.id ORDER BY max(score.value) DESC LIMIT {}",
                      record_columns(),
                      !open   ? ""
                      : *open ? " AND model.open = 1"
                              : " AND model.open = 0",
                      std::clamp(limit, 1, 10'000))));
  query.bind(1, benchmark);
  std::vector<BoardRow> rows;
  constexpr int kAfterRecord = 37;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) break;
    rows.push_back(
        {read_record(query), query.number(kAfterRecord), query.text(kAfterRecord + 1), query.text(kAfterRecord + 2)});
  }
  if (!rows.empty()) return rows;
  ZUBR_TRY(known, benchmarks(catalog));
  std::vector<std::string> names;
  for (const BenchmarkRow& row : known) {
    if (row.name == benchmark) return rows;
    names.push_back(row.name);
  }
  return fail(ErrorCode::kNotFound, "there is no benchmark '{}'; there are: {}", benchmark, fmt::join(names, ", "));
}

Result<std::vector<DatasetFact>> find_datasets(Catalog& catalog, const DatasetQuery& query) {
  Conditions where;
  const std::string match = match_expression(query.text);
  if (match.empty() && !query.text.empty())
    return fail(ErrorCode::kInvalidArgument, "'{}' has no letters or digits to look for", query.text);
  if (!match.empty()) where.add("dataset_words MATCH ?", match);
  if (!query.author.empty()) where.add("substr(name, 1, instr(name, '/') - 1) = ? COLLATE NOCASE", query.author);
  if (!query.task.empty()) where.add("instr(tasks, ?) > 0", " " + query.task + " ");
  if (!query.language.empty()) where.add("instr(languages, ?) > 0", " " + query.language + " ");
  add_license(query.license, "license", where);
  const std::string_view order = query.sort == Sort::kDownloads  ? "downloads DESC"
                                 : query.sort == Sort::kTrending ? "trending DESC"
                                 : query.sort == Sort::kNew      ? "created DESC"
                                                                 : "downloads DESC";
  ZUBR_TRY(statement,
           catalog.database().prepare(fmt::format(
               "SELECT name, license, size, languages, tasks, downloads, likes, trending, created, modified FROM {}{} "
               "ORDER BY {} LIMIT {}",
               match.empty() ? "dataset" : "dataset_words JOIN dataset ON dataset.id = dataset_words.rowid",
               where.text(), order, std::clamp(query.limit, 1, 1000))));
  where.bind(statement);
  std::vector<DatasetFact> found;
  for (;;) {
    ZUBR_TRY(more, statement.step());
    if (!more) return found;
    DatasetFact fact{.name = statement.text(0), .license = statement.text(1), .size = statement.text(2)};
    fact.languages = {statement.text(3)};
    fact.tasks = {statement.text(4)};
    fact.downloads = statement.maybe_integer(5);
    fact.likes = statement.maybe_integer(6);
    fact.trending = statement.maybe_number(7);
    fact.created = statement.text(8);
    fact.modified = statement.text(9);
    found.push_back(std::move(fact));
  }
}

Result<std::vector<std::string>> facet_values(Catalog& catalog, Facet facet) {
  const std::string_view column = facet == Facet::kTask ? "task" : facet == Facet::kLicense ? "license" : "languages";
  ZUBR_TRY(query, catalog.database().prepare(fmt::format(
                      "SELECT {0}, count(*) FROM model WHERE {0} <> '' GROUP BY {0} ORDER BY count(*) DESC", column)));
  std::vector<std::pair<std::string, std::int64_t>> counts;
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) break;
    const std::string text = query.text(0);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      const std::string word = text.substr(at, end - at);
      at = end + 1;
      if (word.empty()) continue;
      const auto known = std::ranges::find(counts, word, &std::pair<std::string, std::int64_t>::first);
      if (known == counts.end()) {
        counts.emplace_back(word, query.integer(1));
      } else {
        known->second += query.integer(1);
      }
    }
  }
  std::ranges::stable_sort(counts, [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> values;
  for (const auto& [word, count] : counts) values.push_back(word);
  return values;
}

}  // namespace zubr::catalog
