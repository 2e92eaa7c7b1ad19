// How rows of a text format (CSV, TSV, JSONL) come in, are kept, and are taken apart again.
//
// A row is kept as one string, `raw`: its CSV record or JSON line, valid UTF-8 and well formed, so that it can leave
// byte for byte as it came and no column costs anything until it is asked for. A reader makes such strings, a codec
// reads them. Readers: one thread. Codecs: any thread, const.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "formats/spool.h"

namespace zubr::formats {

struct Field {
  enum class Kind { kNull, kText, kJson };  // kJson: `text` is a JSON value, not a string's content
  std::string_view text;
  Kind kind = Kind::kNull;
};

class RowCodec {
 public:
  virtual ~RowCodec() = default;
  // All fields of `raw`, one for each column. They point into `raw` or `scratch`; both must outlive them.
  virtual void decode(std::string_view raw, std::vector<Field>& fields, std::string& scratch) const = 0;
  // One field; a JSON string's content, and any other JSON value's text. Points into `raw` or `scratch`.
  virtual Field field(std::string_view raw, std::size_t column, std::string& scratch) const = 0;
};

struct ReadRow {
  std::string_view raw;  // valid until the next call
  bool has_raw = true;   // false: nothing of it could be read
  std::string error;     // empty = readable
};

class RowReader {
 public:
  virtual ~RowReader() = default;
  // False at the end. An error ends the reading: the file as a whole is not readable.
  virtual Result<bool> next(ReadRow& row) = 0;
  // Complete once next() has returned false.
  virtual std::vector<Column> columns() const = 0;
  // For the columns known so far.
  virtual std::shared_ptr<const RowCodec> codec() const = 0;
};

}  // namespace zubr::formats
