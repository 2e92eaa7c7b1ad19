// Reads CSV and TSV row by row, in bounded memory, and never gives a row up: what is wrong with a row (broken UTF-8,
// too few or too many fields, text after a closing quote, a cell over the limit) becomes its error, with the line
// number. Why not DuckDB's reader: docs/decisions/0002-own-csv-reader.md.
//
// Accepted beyond RFC 4180: a UTF-8 byte order mark, LF, CRLF or CR line ends, quotes inside an unquoted field (they
// are text). Blank lines are skipped, except with a single column, where they are NULL.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/byte_source.h"
#include "formats/row_reader.h"

namespace zubr::formats {

struct CsvOptions {
  std::string name;               // of the file, for messages
  std::optional<char> delimiter;  // none = found out
  std::size_t max_cell_bytes = 64u << 20;
};

// Reads the header. kInvalidArgument: empty, a blank or repeated column name; kTooLarge: over 4096 columns;
// kUnsupported: UTF-16; kCorrupt from the source.
Result<std::unique_ptr<RowReader>> open_csv(std::unique_ptr<ByteSource> source, const CsvOptions& options);

// The delimiter among , ; tab | that splits the header and the most of the following records of `sample` alike; ','
// when none does. `whole`: the sample is the whole file, so that its last record counts.
char detect_delimiter(std::string_view sample, bool whole);

}  // namespace zubr::formats
