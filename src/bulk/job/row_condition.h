// SQL expressions over the rows of a shard (formats/row_sql.h): the values of `transform`, the conditions of `when`.
// One thread.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "bulk/job/shard_rows.h"
#include "core/result.h"
#include "formats/row_sql.h"

namespace zubr::bulk {

class RowExpressions {
 public:
  // The columns are those of now; later ones are not seen.
  static Result<RowExpressions> open(const ColumnMap& columns, const std::filesystem::path& spill);

  Result<std::string> type_of(const std::string& sql);
  // One value for each row of `active`.
  Result<formats::SqlValues> evaluate(const ShardRows& rows, const std::vector<std::uint32_t>& active,
                                      const std::string& sql, std::stop_token stop);
  // The rows of `active` for which the condition is true; those for which it fails get that as their error.
  Result<std::vector<std::uint32_t>> select(ShardRows& rows, const std::vector<std::uint32_t>& active,
                                            const std::string& condition, std::stop_token stop);

 private:
  RowExpressions(std::unique_ptr<formats::RowSql> sql, std::vector<formats::Column> added)
      : sql_(std::move(sql)), added_(std::move(added)) {}

  std::unique_ptr<formats::RowSql> sql_;
  std::vector<formats::Column> added_;
};

}  // namespace zubr::bulk
