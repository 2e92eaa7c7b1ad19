// JSON schema to grammar, by llama-common. Give it only what check_schema() (engine/generate/schema_check.h) let
// through.
//
// Threads: any. kInvalidArgument when it cannot be converted.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "engine/token.h"

namespace zubr::engine {

// What an answer is held to while it is generated.
struct GrammarSpec {
  std::string text = {};  // GBNF, root rule "root"; empty: nothing
  // Begins to hold only once one of the triggers was generated.
  struct Trigger {
    enum class Kind { kToken, kWord, kPattern, kWholePattern } kind = Kind::kWord;
    std::string text = {};
    Token token = kNoToken;
  };
  bool lazy = false;
  std::vector<Trigger> triggers = {};
  std::vector<Token> shown = {};  // control tokens that the grammar, and who reads the answer, wants as text
  std::string prompt_end = {};    // the end of the prompt that the grammar begins with
};

// A grammar in llama.cpp's GBNF whose root is the schema's.
Result<std::string> grammar_from_schema(const std::string& checked_schema);

}  // namespace zubr::engine
