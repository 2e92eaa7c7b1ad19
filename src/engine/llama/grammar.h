// JSON schema to grammar, by llama-common. Give it only what check_schema() (engine/generate/schema_check.h) let
// through.
//
// Threads: any. kInvalidArgument when it cannot be converted.
#pragma once

#include <string>

#include "core/result.h"

namespace zubr::engine {

// A grammar in llama.cpp's GBNF whose root is the schema's.
Result<std::string> grammar_from_schema(const std::string& checked_schema);

}  // namespace zubr::engine
