#include <cmath>

#include "formats/json_text.h"
#include "formats/row_writer.h"

namespace zubr::formats {
namespace {

class JsonlWriter final : public RowWriter {
 public:
  JsonlWriter(const std::vector<Column>& columns, const std::vector<ResultColumn>& results, bool whole_rows)
      : whole_rows_(whole_rows) {
    for (const Column& column : columns) keys_.push_back(key_of(column.name));
    for (const ResultColumn& column : results) {
      result_keys_.push_back(key_of(column.name));
      result_is_json_.push_back(column.type == CellType::kJson);
    }
  }

  void append_header(std::string&) const override {}

  void append_row(std::string& out, const OutputRow& row) const override {
    bool first = true;
    if (whole_rows_) {
      first = !append_members(out, row);
    } else {
      out.push_back('{');
      for (std::size_t i = 0; i < row.fields.size(); ++i) {
        if (!first) out.push_back(',');
        first = false;
        out.append(keys_[i]);
        append_field(out, row.fields[i]);
      }
    }
    for (std::size_t i = 0; i < row.results.size(); ++i) {
      if (!first) out.push_back(',');
      first = false;
      out.append(result_keys_[i]);
      append_result(out, row.results[i], result_is_json_[i]);
    }
    out.append("}\n");
  }

 private:
  static std::string key_of(std::string_view name) {
    std::string key;
    append_json_string(key, name);
    key.push_back(':');
    return key;
  }

  // The kept line without its closing brace, so that members can follow. Returns whether it has any.
  static bool append_members(std::string& out, const OutputRow& row) {
    constexpr std::string_view kSpace = " \t\r\n";
    if (!row.has_raw) {
      out.push_back('{');
      return false;
    }
    std::string_view line = row.raw.substr(0, row.raw.find_last_of('}'));
    const std::size_t last = line.find_last_not_of(kSpace);
    line = line.substr(0, last + 1);
    out.append(line);
    return line.back() != '{';
  }

  static void append_field(std::string& out, const Field& field) {
    switch (field.kind) {
      case Field::Kind::kNull: out.append("null"); break;
      case Field::Kind::kText: append_json_string(out, field.text); break;
      case Field::Kind::kJson: out.append(field.text); break;
    }
  }

  static void append_result(std::string& out, const ResultView& result, bool is_json) {
    if (const auto* text = std::get_if<std::string_view>(&result)) {
      if (is_json) {
        out.append(*text);
      } else {
        append_json_string(out, *text);
      }
    } else if (const auto* number = std::get_if<double>(&result); number != nullptr && std::isfinite(*number)) {
      append_number(out, *number);
    } else if (const auto* vector = std::get_if<std::span<const float>>(&result)) {
      append_json_array(out, *vector);
    } else {
      out.append("null");
    }
  }

  bool whole_rows_;
  std::vector<std::string> keys_;
  std::vector<std::string> result_keys_;
  std::vector<bool> result_is_json_;
};

}  // namespace

std::unique_ptr<RowWriter> make_jsonl_writer(std::vector<Column> columns, std::vector<ResultColumn> results,
                                             bool whole_rows) {
  return std::make_unique<JsonlWriter>(columns, results, whole_rows);
}

}  // namespace zubr::formats
