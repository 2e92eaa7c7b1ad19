// CSV as RFC 4180 has it: fields between delimiters, quoted where needed, a quote inside quotes doubled.
//
// An empty field is NULL, a quoted empty field is "". Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "formats/row_reader.h"

namespace zubr::formats {

class CsvCodec final : public RowCodec {
 public:
  CsvCodec(char delimiter, std::size_t columns) : delimiter_(delimiter), columns_(columns) {}

  char delimiter() const { return delimiter_; }
  void decode(std::string_view raw, std::vector<Field>& fields, std::string& scratch) const override;
  Field field(std::string_view raw, std::size_t column, std::string& scratch) const override;

 private:
  char delimiter_;
  std::size_t columns_;
};

// Appends the field, quoted when it has to be. `text` of NULL is ignored.
void append_csv_field(std::string& out, std::string_view text, bool is_null, char delimiter);

// Appends `quoted` (what stands between the outer quotes) with its doubled quotes made single.
void append_unquoted(std::string& out, std::string_view quoted);

}  // namespace zubr::formats
