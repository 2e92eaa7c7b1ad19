#include "bulk/job/shard_rows.h"

#include <algorithm>

namespace zubr::bulk {

Result<std::size_t> ColumnMap::find(std::string_view name) const {
  const auto in_table = std::ranges::find(shape.columns, name, &formats::Column::name);
  if (in_table != shape.columns.end()) return static_cast<std::size_t>(in_table - shape.columns.begin());
  const auto in_added = std::ranges::find(added, name, &formats::Column::name);
  if (in_added != added.end()) return shape.columns.size() + static_cast<std::size_t>(in_added - added.begin());
  return fail(ErrorCode::kNotFound, "there is no column '{}'; there are: {}", name, names());
}

std::string ColumnMap::names() const {
  std::string all;
  for (const auto* columns : {&shape.columns, &added})
    for (const auto& column : *columns) all += (all.empty() ? "" : ", ") + column.name;
  return all;
}

Result<ShardRows> ShardRows::decode_input(const ColumnMap& columns, std::int64_t first_row, std::int64_t rows,
                                          std::string block) {
  ShardRows shard(columns, first_row);
  shard.block_ = std::make_unique<const std::string>(std::move(block));
  ZUBR_TRY(reader, BlockReader::open(*shard.block_));
  shard.raws_.reserve(static_cast<std::size_t>(rows));
  shard.errors_.resize(static_cast<std::size_t>(rows));
  shard.dropped_.resize(static_cast<std::size_t>(rows));
  for (std::int64_t row = 0; row < rows; ++row) {
    ZUBR_TRY(raw, reader.next());
    ZUBR_TRY(error, reader.next());
    shard.raws_.push_back(raw);
    if (error) shard.errors_[static_cast<std::size_t>(row)] = *error;
  }
  return shard;
}

// Errors first, then the dropped rows, then column by column.
std::string ShardRows::encode_result() const {
  BlockWriter block;
  for (const std::string& error : errors_)
    block.add(error.empty() ? std::optional<std::string_view>() : std::string_view(error));
  for (const bool dropped : dropped_) block.add(dropped ? std::optional<std::string_view>("") : std::nullopt);
  for (const auto& column : added_)
    for (const Value& value : column) block.add(value);
  return block.take();
}

Result<void> ShardRows::decode_result(std::string_view block) {
  ZUBR_TRY(reader, BlockReader::open(block));
  for (std::string& error : errors_) {
    ZUBR_TRY(value, reader.next());
    error = value.value_or("");
  }
  for (std::size_t row = 0; row < size(); ++row) {
    ZUBR_TRY(value, reader.next());
    dropped_[row] = value.has_value();
  }
  added_.assign(columns_->added.size(), {});
  for (auto& column : added_) {
    column.resize(size());
    for (Value& kept : column) {
      ZUBR_TRY(value, reader.next());
      if (value) kept = std::string(*value);
    }
  }
  if (!reader.at_end()) return fail(ErrorCode::kCorrupt, "a result has more values than its {} rows", size());
  return {};
}

std::optional<std::string_view> ShardRows::value(std::size_t row, std::size_t column, std::string& scratch) const {
  const std::size_t own = columns_->shape.columns.size();
  if (column >= own) {
    const Value& value = added_[column - own][row];
    return value ? std::optional<std::string_view>(*value) : std::nullopt;
  }
  if (!raws_[row]) return std::nullopt;
  const formats::Field field = columns_->codec->field(*raws_[row], column, scratch);
  if (field.kind == formats::Field::Kind::kNull) return std::nullopt;
  return field.text;
}

std::int64_t ShardRows::failed_rows() const {
  return std::ranges::count_if(errors_, [](const std::string& error) { return !error.empty(); });
}

}  // namespace zubr::bulk
