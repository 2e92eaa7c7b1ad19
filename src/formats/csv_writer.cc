#include <cmath>
#include <iterator>

#include "formats/csv_codec.h"
#include "formats/row_writer.h"

namespace zubr::formats {
namespace {

class CsvWriter final : public RowWriter {
 public:
  CsvWriter(char delimiter, std::vector<Column> columns, std::vector<ResultColumn> results, bool whole_rows)
      : delimiter_(delimiter), columns_(std::move(columns)), results_(std::move(results)), whole_rows_(whole_rows) {}

  void append_header(std::string& out) const override {
    const char* separator = "";
    const std::string delimiter(1, delimiter_);
    for (const Column& column : columns_) {
      out.append(separator);
      append_csv_field(out, column.name, false, delimiter_);
      separator = delimiter.c_str();
    }
    for (const ResultColumn& column : results_) {
      out.append(separator);
      append_csv_field(out, column.name, false, delimiter_);
      separator = delimiter.c_str();
    }
    out.push_back('\n');
  }

  void append_row(std::string& out, const OutputRow& row) const override {
    if (whole_rows_ && row.has_raw) {
      out.append(row.raw);
    } else {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) out.push_back(delimiter_);
        if (i >= row.fields.size()) continue;
        append_csv_field(out, row.fields[i].text, row.fields[i].kind == Field::Kind::kNull, delimiter_);
      }
    }
    for (const ResultView& result : row.results) {
      if (!columns_.empty() || &result != row.results.data()) out.push_back(delimiter_);
      append_result(out, result);
    }
    out.push_back('\n');
  }

 private:
  void append_result(std::string& out, const ResultView& result) const {
    if (const auto* text = std::get_if<std::string_view>(&result)) {
      append_csv_field(out, *text, false, delimiter_);
    } else if (const auto* number = std::get_if<double>(&result)) {
      append_number(out, *number);
    } else if (const auto* vector = std::get_if<std::span<const float>>(&result)) {
      std::string array;
      append_json_array(array, *vector);
      append_csv_field(out, array, false, delimiter_);
    }
  }

  char delimiter_;
  std::vector<Column> columns_;
  std::vector<ResultColumn> results_;
  bool whole_rows_;
};

}  // namespace

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) return;
  if (std::abs(value) < 1) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

void append_json_array(std::string& out, std::span<const float> values) {
  out.push_back('[');
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out.push_back(',');
    if (std::isfinite(values[i])) {
      fmt::format_to(std::back_inserter(out), "{}", values[i]);
    } else {
      out.append("null");
    }
  }
  out.push_back(']');
}

std::unique_ptr<RowWriter> make_csv_writer(char delimiter, std::vector<Column> columns,
                                           std::vector<ResultColumn> results, bool whole_rows) {
  return std::make_unique<CsvWriter>(delimiter, std::move(columns), std::move(results), whole_rows);
}

}  // namespace zubr::formats
