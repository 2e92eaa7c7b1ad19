// The SQL functions that the spool adds to DuckDB.
#pragma once

#include <memory>

#include "formats/duckdb/handles.h"
#include "formats/row_reader.h"

namespace zubr::formats {

// zubr_hash(VARCHAR) → UHUGEINT: XXH3 of 128 bits with a seed of this process's own, NULL a value of its own.
Result<void> add_hash_function(const Connection& connection);

// zubr_field(raw VARCHAR, column BIGINT) → VARCHAR: a field of a kept row as `codec` reads it; a JSON string's
// content, and any other JSON value's text.
// zubr_json(raw VARCHAR, column BIGINT) → VARCHAR: the same as a JSON value's text, so a string with its quotes.
Result<void> add_field_functions(const Connection& connection, std::shared_ptr<const RowCodec> codec);

}  // namespace zubr::formats
