#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "catalog/sources/delimited_text.h"
#include "catalog/sources/importers.h"
#include "catalog/sources/json_fields.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::optional<double> number_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return end != text.c_str() && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// A listing for each board: one leaderboard never overwrites another.
ModelFact scored(std::string_view source, const std::string& model, std::string_view benchmark, double value,
                 std::string_view date) {
  ModelFact fact{.address = {std::string(source), fmt::format("{}@{}", model, benchmark)}};
  fact.also.push_back({"name", model});
  fact.name = model;
  fact.scores.push_back({std::string(benchmark), value, std::string(date)});
  return fact;
}

constexpr std::array<std::string_view, 4> kClosedLicenses{"proprietary", "propretary", "proprietory", "closed"};

void take_license(const std::string& license, ModelFact& fact) {
  if (license.empty() || license == "-") return;
  const std::string word = lower(license);
  fact.open = std::ranges::find(kClosedLicenses, word) == kClosedLicenses.end();
  if (word == "apache 2.0" || word == "apache-2.0") fact.license = "apache-2.0";
  if (word == "mit") fact.license = "mit";
}

class Table {
 public:
  explicit Table(std::vector<std::vector<std::string>> rows) : rows_(std::move(rows)) {}
  std::size_t size() const { return rows_.empty() ? 0 : rows_.size() - 1; }
  // The column of that name; none where there is no such column.
  std::optional<std::size_t> column(std::string_view name) const {
    if (rows_.empty()) return std::nullopt;
    const auto& head = rows_.front();
    const auto found =
        std::ranges::find_if(head, [&](const std::string& cell) { return lower(cell) == lower(std::string(name)); });
    return found == head.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - head.begin()));
  }
  std::string cell(std::size_t row, const std::optional<std::size_t>& at) const {
    return at && *at < rows_[row + 1].size() ? rows_[row + 1][*at] : std::string();
  }
  const std::vector<std::string>& head() const { return rows_.front(); }

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "model: gpt-4" of a YAML list of flat maps → key, value. Comments and quotes are taken off.
std::pair<std::string, std::string> yaml_member(std::string_view line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '-')) line.remove_prefix(1);
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return {};
  std::string_view value = line.substr(colon + 2);
  if (const std::size_t comment = value.find(" #"); comment != std::string_view::npos) value = value.substr(0, comment);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\r')) value.remove_suffix(1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
    value = value.substr(1, value.size() - 2);
  return {std::string(line.substr(0, colon)), std::string(value)};
}

std::optional<std::string> first_of(const Table& table, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (table.column(name)) return std::string(name);
  return std::nullopt;
}

// A JSON array of flat objects as a table.
Result<Table> table_of_json(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "the leaderboard"));
  // The list itself, or the first one in an object.
  const json::array* list = root.if_array();
  if (root.is_object())
    for (const auto& pair : root.get_object())
      if (list == nullptr) list = pair.value().if_array();
  if (list == nullptr) return fail(ErrorCode::kCorrupt, "the leaderboard is no list of objects");
  std::vector<std::string> head;
  for (const json::value& entry : *list)
    if (entry.is_object())
      for (const auto& pair : entry.get_object())
        if (const std::string key(pair.key()); std::ranges::find(head, key) == head.end()) head.push_back(key);
  std::vector<std::vector<std::string>> rows{head};
  for (const json::value& entry : *list) {
    if (!entry.is_object()) continue;
    std::vector<std::string> row;
    for (const std::string& name : head) {
      const auto number = number_at(entry.get_object(), name);
      row.push_back(number ? fmt::format("{}", *number) : text_at(entry.get_object(), name));
    }
    rows.push_back(std::move(row));
  }
  return Table(std::move(rows));
}

// The separator that the head of a table has most of.
char separator_of(std::string_view text) {
  const std::string_view head = text.substr(0, text.find('\n'));
  char best = ',';
  for (const char c : {'\t', ';'})
    if (std::ranges::count(head, c) > std::ranges::count(head, best)) best = c;
  return best;
}

}  // namespace

Result<Facts> import_lmarena_table(std::string_view csv, std::string_view board, std::string_view date) {
  const Table table(delimited_rows(csv, ','));
  const auto model = table.column("model"), score = table.column("arena_score"), license = table.column("license");
  if (!model || !score) return fail(ErrorCode::kCorrupt, "the LMArena table has no columns model and arena_score");
  Facts facts;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto value = number_of(table.cell(row, score));
    if (table.cell(row, model).empty() || !value) {
      ++facts.skipped;
      continue;
    }
    facts.models.push_back(scored("lmarena", table.cell(row, model), fmt::format("lmarena-{}", board), *value, date));
    take_license(table.cell(row, license), facts.models.back());
  }
  return facts;
}

Result<Facts> import_lmarena_json(std::string_view text, std::string_view board, std::string_view date) {
  ZUBR_TRY(root, parse_json(text, "the LMArena leaderboard"));
  if (!root.is_object()) return fail(ErrorCode::kCorrupt, "the LMArena leaderboard is no JSON object");
  Facts facts;
  for (const auto& category : root.get_object()) {
    if (!category.value().is_object()) continue;
    const std::string name(category.key());
    const std::string benchmark =
        name == "full" ? fmt::format("lmarena-{}", board) : fmt::format("lmarena-{}-{}", board, name);
    for (const auto& pair : category.value().get_object()) {
      const auto rating = pair.value().is_object() ? number_at(pair.value().get_object(), "rating") : std::nullopt;
      if (rating) {
        facts.models.push_back(scored("lmarena", std::string(pair.key()), benchmark, *rating, date));
      } else {
        ++facts.skipped;
      }
    }
  }
  return facts;
}

Result<Facts> import_aider(std::string_view yaml, std::string_view board) {
  const std::string benchmark = fmt::format("aider-{}", board);
  std::map<std::string, Score> best;
  std::string model, date;
  std::optional<double> rate;
  Facts facts;
  const auto finish = [&] {
    if (!model.empty() && rate) {
      Score& score = best[model];
      if (score.benchmark.empty() || *rate > score.value) score = {benchmark, *rate, date};
    } else if (!model.empty()) {
      ++facts.skipped;
    }
    model.clear();
    date.clear();
    rate.reset();
  };
  for (std::size_t at = 0; at < yaml.size();) {
    const std::size_t end = std::min(yaml.find('\n', at), yaml.size());
    const std::string_view line = yaml.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("- ")) finish();
    const auto [key, value] = yaml_member(line);
    if (key == "model") model = value;
    if (key == "date" && is_date(value)) date = value;
    // Two tries a case; older tables have one.
    if (key == "pass_rate_2" || (key == "pass_rate_1" && !rate)) rate = number_of(value);
  }
  finish();
  if (best.empty()) return fail(ErrorCode::kCorrupt, "the aider leaderboard has no entries with model and pass_rate");
  for (const auto& [name, score] : best)
    facts.models.push_back(scored("aider", name, benchmark, score.value, score.date));
  return facts;
}

Result<Facts> import_open_llm_rows(std::string_view text, std::string_view date) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kBoards{{{"Average \u2b06\ufe0f", "open-llm"},
                                                                                  {"IFEval", "open-llm-ifeval"},
                                                                                  {"BBH", "open-llm-bbh"},
                                                                                  {"MATH Lvl 5", "open-llm-math"},
                                                                                  {"GPQA", "open-llm-gpqa"},
                                                                                  {"MUSR", "open-llm-musr"},
                                                                                  {"MMLU-PRO", "open-llm-mmlu-pro"}}};
  ZUBR_TRY(root, parse_json(text, "the Open LLM Leaderboard"));
  const json::array* rows = root.is_object() ? array_at(root.get_object(), "rows") : nullptr;
  if (rows == nullptr) return fail(ErrorCode::kCorrupt, "the Open LLM Leaderboard has no \"rows\"");
  Facts facts;
  for (const json::value& entry : *rows) {
    const json::object* row = entry.is_object() ? object_at(entry.get_object(), "row") : nullptr;
    const std::string model = row != nullptr ? text_at(*row, "fullname") : std::string();
    ModelFact fact{.address = {"open-llm", model}, .also = {{"hf", model}}};
    if (row != nullptr)
      for (const auto& [column, benchmark] : kBoards)
        if (const auto value = number_at(*row, column))
          fact.scores.push_back({std::string(benchmark), *value, std::string(date)});
    if (model.empty() || fact.scores.empty()) {
      ++facts.skipped;
      continue;
    }
    fact.name = model.substr(model.find('/') + 1);
    // A model was measured in several precisions: the best counts.
    auto same = std::ranges::find(facts.models, fact.address, &ModelFact::address);
    if (same == facts.models.end()) {
      facts.models.push_back(std::move(fact));
    } else if (fact.scores.front().value > same->scores.front().value) {
      *same = std::move(fact);
    }
  }
  return facts;
}

Result<Facts> import_scores(std::string_view text, std::string_view benchmark, const ScoreColumns& columns,
                            std::string_view date) {
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const bool is_json = first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
  Result<Table> parsed = is_json ? table_of_json(text) : Result<Table>(Table(delimited_rows(text, separator_of(text))));
  if (!parsed) return fail(parsed.error());
  const Table& table = *parsed;
  if (table.size() == 0) return fail(ErrorCode::kInvalidArgument, "the leaderboard has no rows");
  const auto model = columns.model.empty() ? first_of(table, {"model", "model_id", "name", "fullname"}) : columns.model;
  const auto score = columns.score.empty()
                         ? first_of(table, {"score", "value", "rating", "average", "accuracy", "arena_score"})
                         : columns.score;
  for (const auto& [name, what] : {std::pair{model, "models"}, std::pair{score, "scores"}})
    if (!name || !table.column(*name))
      return fail(ErrorCode::kInvalidArgument, "no column of {} is known; the columns are: {}", what,
                  fmt::join(table.head(), ", "));
  Facts facts;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string name = table.cell(row, table.column(*model));
    const auto value = number_of(table.cell(row, table.column(*score)));
    if (name.empty() || !value) {
      ++facts.skipped;
      continue;
    }
    facts.models.push_back(scored("imported", name, benchmark, *value, date));
    if (name.find('/') != std::string::npos) facts.models.back().also.push_back({"hf", name});
  }
  return facts;
}

}  // namespace zubr::catalog
