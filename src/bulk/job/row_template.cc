#include "bulk/job/row_template.h"

namespace zubr::bulk {

Result<RowTemplate> RowTemplate::parse(std::string_view text, const ColumnMap& columns) {
  RowTemplate parsed;
  for (;;) {
    const std::size_t open = text.find("{{");
    parsed.texts_.emplace_back(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string_view::npos)
      return fail(ErrorCode::kInvalidArgument, "the prompt has a '{{{{' without '}}}}': {}", text.substr(open, 40));
    std::string_view name = text.substr(open + 2, close - open - 2);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    ZUBR_TRY(column, columns.find(name));
    parsed.columns_.push_back(column);
    text.remove_prefix(close + 2);
  }
  if (parsed.columns_.empty())
    return fail(ErrorCode::kInvalidArgument,
                "the prompt names no column, so every row would ask the same; write {{{{{}}}}}",
                columns.shape.columns.empty() ? "column" : columns.shape.columns.front().name);
  return parsed;
}

Result<std::string> RowTemplate::fill(const ShardRows& rows, std::size_t row) const {
  std::string filled = texts_.front();
  std::string scratch;
  bool any = false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto value = rows.value(row, columns_[i], scratch);
    if (value) filled += *value;
    any = any || (value && !value->empty());
    filled += texts_[i + 1];
  }
  if (!any) return fail(ErrorCode::kInvalidArgument, "the text is empty");
  return filled;
}

}  // namespace zubr::bulk
