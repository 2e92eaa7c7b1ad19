// ShardRows: the rows of one shard while a job works on them, and how they are kept: the rows as they were read in one
// block, what the steps made of them in another. Columns are named; a step before this one made the added ones.
// One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bulk/job/value_block.h"
#include "core/result.h"
#include "formats/row_sql.h"
#include "formats/table_files.h"

namespace zubr::bulk {

using formats::Value;

// A table's columns and those that steps add, by name.
struct ColumnMap {
  formats::TableShape shape;
  std::shared_ptr<const formats::RowCodec> codec;  // shared with whoever takes rows apart meanwhile
  std::vector<formats::Column> added;

  // Below shape.columns.size(): of the table; else that much more than of `added`. kNotFound with the columns there
  // are.
  Result<std::size_t> find(std::string_view name) const;
  std::string names() const;
};

class ShardRows {
 public:
  ShardRows(const ColumnMap& columns, std::int64_t first_row) : columns_(&columns), first_row_(first_row) {}

  // What add_row() was told, as kept by the reading.
  static Result<ShardRows> decode_input(const ColumnMap& columns, std::int64_t first_row, std::int64_t rows,
                                        std::string block);
  // Values, errors and dropped rows as kept by encode_result().
  Result<void> decode_result(std::string_view block);
  std::string encode_result() const;

  std::size_t size() const { return raws_.size(); }
  std::int64_t first_row() const { return first_row_; }
  const std::vector<std::optional<std::string_view>>& raws() const { return raws_; }

  // By the number that ColumnMap::find() gave. Points into the shard or `scratch`.
  std::optional<std::string_view> value(std::size_t row, std::size_t column, std::string& scratch) const;
  std::vector<std::vector<Value>>& added() { return added_; }
  const std::vector<std::vector<Value>>& added() const { return added_; }

  const std::string& error(std::size_t row) const { return errors_[row]; }  // "": none
  void fail_row(std::size_t row, std::string why) { errors_[row] = std::move(why); }
  bool dropped(std::size_t row) const { return dropped_[row]; }
  void drop(std::size_t row) { dropped_[row] = true; }
  std::int64_t failed_rows() const;

 private:
  const ColumnMap* columns_;
  std::int64_t first_row_;
  std::unique_ptr<const std::string>
      block_;  // what raws_ point into; by address, since a short text moves with its owner
  std::vector<std::optional<std::string_view>> raws_;
  std::vector<std::string> errors_;
  std::vector<bool> dropped_;
  std::vector<std::vector<Value>> added_;  // [column][row]
};

}  // namespace zubr::bulk
