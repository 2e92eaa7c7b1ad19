#include "bulk/job/row_condition.h"

#include <algorithm>
#include <cctype>

namespace zubr::bulk {
namespace {

// Whether the name may stand in the SQL; SQL does not care for the case of names.
bool mentions(const std::string& sql, const std::string& name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  // A quote in a name is doubled in SQL; such a name counts as mentioned.
  return name.find('"') != std::string::npos || !std::ranges::search(sql, name, same).empty();
}

}  // namespace

Result<RowExpressions> RowExpressions::open(const ColumnMap& columns, const std::filesystem::path& spill) {
  ZUBR_TRY(sql, formats::RowSql::open(columns.shape, columns.added, spill));
  return RowExpressions(std::move(sql), columns.added);
}

Result<std::string> RowExpressions::type_of(const std::string& sql) { return sql_->type_of(sql); }

Result<formats::SqlValues> RowExpressions::evaluate(const ShardRows& rows, const std::vector<std::uint32_t>& active,
                                                    const std::string& sql, std::stop_token stop) {
  if (active.empty()) return formats::SqlValues{};
  const bool all = active.size() == rows.size();
  std::vector<std::span<const Value>> added(added_.size());
  std::vector<std::vector<Value>> picked(added_.size());
  for (std::size_t column = 0; column < added_.size(); ++column) {
    if (!mentions(sql, added_[column].name)) continue;
    const auto& values = rows.added()[column];
    if (!all)
      for (const std::uint32_t row : active) picked[column].push_back(values[row]);
    added[column] = all ? std::span<const Value>(values) : std::span<const Value>(picked[column]);
  }
  std::vector<std::optional<std::string_view>> raws;
  std::vector<std::int64_t> numbers;
  raws.reserve(active.size());
  numbers.reserve(active.size());
  for (const std::uint32_t row : active) {
    raws.push_back(rows.raws()[row]);
    numbers.push_back(rows.first_row() + row + 1);
  }
  ZUBR_CHECK(sql_->load(raws, numbers, added));
  return sql_->evaluate(sql, std::move(stop));
}

Result<std::vector<std::uint32_t>> RowExpressions::select(ShardRows& rows, const std::vector<std::uint32_t>& active,
                                                          const std::string& condition, std::stop_token stop) {
  ZUBR_TRY(result, evaluate(rows, active, condition, std::move(stop)));
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < active.size(); ++i)
    if (result.values[i] && *result.values[i] == "true") chosen.push_back(active[i]);
  for (const auto& failure : result.failures)
    rows.fail_row(active[failure.row], message("the condition fails: {}", failure.why));
  return chosen;
}

}  // namespace zubr::bulk
