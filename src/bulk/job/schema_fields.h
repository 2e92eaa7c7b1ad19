// The properties of a JSON schema as columns, and what an answer has for them. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bulk/job/job_file.h"
#include "core/result.h"
#include "formats/row_sql.h"

namespace zubr::bulk {

// Of an object schema, in its order: strings are VARCHAR, integers BIGINT, numbers DOUBLE, booleans BOOLEAN, all else
// JSON. A type with "null" beside it is that type. kInvalidArgument when it is no JSON or has no properties.
Result<std::vector<ExtractSpec::Field>> schema_fields(std::string_view schema);

// The values of those properties in `answer`: none for what is null or not there. kCorrupt when the answer is no JSON
// object or a value is not of its type.
Result<std::vector<formats::Value>> read_fields(std::string_view answer, const std::vector<ExtractSpec::Field>& fields);

}  // namespace zubr::bulk
