#include "engine/llama/grammar.h"

#include <json-schema-to-grammar.h>

#include <exception>

namespace zubr::engine {

Result<std::string> grammar_from_schema(const std::string& checked_schema) {
  try {
    return json_schema_to_grammar(common_json::parse(checked_schema), /*force_gbnf=*/true);
  } catch (const std::exception& wrong) {
    return fail(ErrorCode::kInvalidArgument, "the JSON schema cannot be turned into a grammar: {}", wrong.what());
  }
}

}  // namespace zubr::engine
