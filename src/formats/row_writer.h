// RowWriter: one output row after another as text, CSV or JSONL. One thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/row_reader.h"
#include "formats/spool.h"

namespace zubr::formats {

// A result on its way out; the views belong to the caller.
using ResultView = std::variant<std::monostate, std::string_view, double, std::span<const float>>;

struct OutputRow {
  std::string_view raw;  // the row as it was kept, for a writer that takes it whole
  bool has_raw = false;
  std::vector<Field> fields;  // else its fields, one for each input column
  std::vector<ResultView> results;
};

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void append_header(std::string& out) const = 0;
  virtual void append_row(std::string& out, const OutputRow& row) const = 0;
};

// `whole_rows`: rows come as `raw`, in this format and with this delimiter, and leave byte for byte.
std::unique_ptr<RowWriter> make_csv_writer(char delimiter, std::vector<Column> columns,
                                           std::vector<ResultColumn> results, bool whole_rows);
std::unique_ptr<RowWriter> make_jsonl_writer(std::vector<Column> columns, std::vector<ResultColumn> results,
                                             bool whole_rows);

// Numbers as text: the shortest that reads back as the same; six significant digits below 1, which is what a
// probability is worth. Not finite: "", that is NULL.
void append_number(std::string& out, double value);
// [0.1,-2,null]
void append_json_array(std::string& out, std::span<const float> values);

}  // namespace zubr::formats
