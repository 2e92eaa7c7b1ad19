// CsvScanner: cuts a stream of bytes into CSV records and fields. Memory is bounded by the longest record that is
// allowed (twice `max_cell_bytes`); the rest of a longer one is read and dropped. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "formats/byte_source.h"

namespace zubr::formats {

struct CsvField {
  std::size_t begin = 0;  // in the record; without the outer quotes
  std::size_t end = 0;
  bool quoted = false;
};

struct CsvRecord {
  std::string_view bytes;        // without the line end; valid until the next call
  std::vector<CsvField> fields;  // those that lie in `bytes`
  std::int64_t field_count = 0;  // in the file, also where dropped
  std::int64_t line = 0;         // where it starts, from 1
  std::int64_t last_line = 0;
  bool loose_quotes = false;  // quotes or line-end characters inside an unquoted field
  bool text_after_quote = false;
  bool open_quote = false;     // the file ended inside quotes
  bool too_long = false;       // over the limit, `bytes` has the beginning
  std::int64_t bad_field = 0;  // from 1: the field of text_after_quote, open_quote or too_long
};

class CsvScanner {
 public:
  CsvScanner(std::unique_ptr<ByteSource> source, std::size_t max_cell_bytes);

  // The first bytes (after a byte order mark), without consuming them, up to `size`; fewer only at the end. Before
  // next().
  Result<std::string_view> peek(std::size_t size);
  void set_delimiter(char delimiter) { delimiter_ = delimiter; }
  void set_line_end(char line_end) { line_end_ = line_end; }

  // False at the end.
  Result<bool> next(CsvRecord& record);

 private:
  // More bytes behind position_; false at the end. May move the record to the front of the buffer.
  Result<bool> refill(CsvRecord& record);
  Result<std::size_t> read_more();
  Result<bool> need(CsvRecord& record) { return position_ < end_ ? Result<bool>(true) : refill(record); }
  Result<bool> scan_quoted(CsvRecord& record);
  Result<bool> scan_unquoted(CsvRecord& record, std::size_t begin);
  void close_field(CsvRecord& record, std::size_t begin, std::size_t end, bool quoted);
  void count_lines(std::size_t from, std::size_t to);

  std::unique_ptr<ByteSource> source_;
  std::size_t max_cell_bytes_;
  std::size_t max_record_bytes_;
  std::vector<char> buffer_;
  std::size_t start_ = 0;     // of the record
  std::size_t position_ = 0;  // next byte to look at
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool dropping_ = false;  // the record is over its limit
  char delimiter_ = ',';
  char line_end_ = '\n';
  std::int64_t line_ = 1;
};

}  // namespace zubr::formats
