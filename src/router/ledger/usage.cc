// Ledger: what it tells.
#include <array>

#include "router/ledger/ledger.h"

namespace zubr::router {
namespace {

struct Grouping {
  UsageBy by;
  std::string_view name, column;
};
constexpr std::array<Grouping, 5> kGroupings{{{UsageBy::kKey, "key", "a.key"},
                                              {UsageBy::kModel, "model", "a.model"},
                                              {UsageBy::kProvider, "provider", "a.provider"},
                                              {UsageBy::kTag, "tag", "coalesce(t.tag, '')"},
                                              {UsageBy::kDay, "day", "a.day"}}};

const Grouping& grouping_of(UsageBy by) {
  for (const Grouping& one : kGroupings)
    if (one.by == by) return one;
  return kGroupings.front();
}

// The conditions and what is bound to them, in order.
struct Where {
  std::string sql = " WHERE 1";
  std::vector<std::string> values = {};

  void add(std::string_view condition, const std::string& value) {
    if (value.empty()) return;
    sql += fmt::format(" AND {}", condition);
    values.push_back(value);
  }
};

Where where(const UsageQuery& query) {
  Where all;
  all.add("a.day >= ?", query.since);
  all.add("a.day <= ?", query.until);
  all.add("a.key = ?", query.key);
  all.add("a.model = ?", query.model);
  all.add("a.provider = ?", query.provider);
  all.add("EXISTS (SELECT 1 FROM attempt_tag x WHERE x.attempt = a.id AND x.tag = ?)", query.tag);
  return all;
}

void bind_all(storage::Statement& statement, const Where& conditions) {
  for (std::size_t at = 0; at < conditions.values.size(); ++at)
    statement.bind(static_cast<int>(at) + 1, conditions.values[at]);
}

// A field of CSV. A spreadsheet must not take a name for a formula.
std::string csv_field(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

Result<UsageBy> parse_usage_by(std::string_view text) {
  for (const Grouping& one : kGroupings)
    if (one.name == text) return one.by;
  return fail(ErrorCode::kInvalidArgument, "usage is not counted by '{}'; one of key, model, provider, tag, day", text);
}

std::string_view usage_by_name(UsageBy by) { return grouping_of(by).name; }

Result<std::vector<UsageRow>> Ledger::usage(const UsageQuery& query) {
  std::string columns, groups;
  bool tags = false, days_only = query.by.size() == 1 && query.by.front() == UsageBy::kDay;
  for (const UsageBy by : query.by) {
    columns += fmt::format("{}, ", grouping_of(by).column);
    groups += fmt::format("{}{}", groups.empty() ? "" : ", ", grouping_of(by).column);
    tags = tags || by == UsageBy::kTag;
  }
  const Where conditions = where(query);
  const std::string sql =
      "SELECT " + columns +
      "count(*), sum(a.fault <> ''), coalesce(sum(a.prompt_tokens), 0), coalesce(sum(a.cached_tokens), 0), "
      "coalesce(sum(a.completion_tokens), 0), coalesce(sum(a.cost), 0), sum(a.cost IS NULL) FROM attempt a" +
      (tags ? " LEFT JOIN attempt_tag t ON t.attempt = a.id" : "") + conditions.sql +
      (groups.empty() ? " HAVING count(*) > 0" : " GROUP BY " + groups) +
      (days_only ? " ORDER BY 1" : " ORDER BY coalesce(sum(a.cost), 0) DESC, count(*) DESC") +
      (groups.empty() || days_only ? "" : ", " + groups);
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(rows, database_.prepare(sql));
  bind_all(rows, conditions);
  std::vector<UsageRow> usage;
  for (;;) {
    ZUBR_TRY(more, rows.step());
    if (!more) return usage;
    UsageRow row;
    int at = 0;
    for (; at < static_cast<int>(query.by.size()); ++at) row.names.push_back(rows.text(at));
    for (std::int64_t* into : {&row.attempts, &row.failed, &row.prompt_tokens, &row.cached_tokens,
                               &row.completion_tokens, &row.cost.count, &row.unpriced})
      *into = rows.integer(at++);
    usage.push_back(std::move(row));
  }
}

Result<void> Ledger::export_csv(const UsageQuery& query, const std::function<void(std::string_view)>& write) {
  const Where conditions = where(query);
  const std::lock_guard lock(mutex_);
  ZUBR_TRY(rows, database_.prepare(
                     "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', a.at_ms / 1000.0, 'unixepoch'), a.key, a.model, "
                     "a.provider, a.provider_model, a.policy, a.privacy, a.fault, a.prompt_tokens, a.cached_tokens, "
                     "a.cache_write_tokens, a.completion_tokens, a.reasoning_tokens, a.cost, a.charged, a.estimated, "
                     "a.first_token_s, a.seconds, (SELECT group_concat(tag, ' ') FROM attempt_tag t WHERE t.attempt "
                     "= a.id) FROM attempt a" +
                     conditions.sql + " ORDER BY a.id"));
  bind_all(rows, conditions);
  write(
      "at,key,model,provider,provider_model,policy,privacy,fault,prompt_tokens,cached_tokens,cache_write_tokens,"
      "completion_tokens,reasoning_tokens,cost_usd,charged_usd,estimated,first_token_s,seconds,tags\r\n");
  constexpr int kColumns = 19, kCost = 13, kCharged = 14;
  for (;;) {
    ZUBR_TRY(more, rows.step());
    if (!more) return {};
    std::string line;
    for (int column = 0; column < kColumns; ++column) {
      if (column > 0) line += ',';
      if (rows.is_null(column)) continue;
      line += column == kCost || column == kCharged ? core::dollars_text({rows.integer(column)})
                                                    : csv_field(rows.text(column));
    }
    write(line + "\r\n");
  }
}

}  // namespace zubr::router
