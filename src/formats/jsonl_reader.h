// Reads JSON lines, in bounded memory: one object a line. What is wrong with a line (broken UTF-8, not JSON, not an
// object, over the limit) becomes its error, with the line number. Blank lines are skipped.
//
// The columns are the keys of all objects, in the order in which they first appear. A key that comes twice in an object
// counts as its last.
#pragma once

#include <memory>
#include <string>

#include "formats/byte_source.h"
#include "formats/row_reader.h"

namespace zubr::formats {

struct JsonlOptions {
  std::string name;  // of the file, for messages
  std::size_t max_line_bytes = 64u << 20;
};

// kInvalidArgument: an empty file.
Result<std::unique_ptr<RowReader>> open_jsonl(std::unique_ptr<ByteSource> source, const JsonlOptions& options);

// The codec that a reader which found these columns would give.
std::shared_ptr<const RowCodec> make_jsonl_codec(const std::vector<Column>& columns);

}  // namespace zubr::formats
