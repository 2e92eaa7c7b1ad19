#include "engine/generate/grammar_cache.h"

#include "engine/generate/schema_check.h"
#include "engine/llama/grammar.h"

namespace zubr::engine {
namespace {

Result<std::string> compile(const std::string& schema) {
  ZUBR_TRY(checked, check_schema(schema));
  ZUBR_TRY(grammar, grammar_from_schema(checked));
  if (grammar.empty() || grammar.size() > kMaxGrammarBytes)
    return fail(ErrorCode::kInvalidArgument, "the JSON schema makes a grammar of {} bytes, the most is {}; simplify it",
                grammar.size(), kMaxGrammarBytes);
  return grammar;
}

}  // namespace

Result<std::string> GrammarCache::grammar(const std::string& schema) {
  if (schema.size() > kMaxSchemaBytes) return compile(schema);  // an error, not worth keeping
  const std::lock_guard lock(mutex_);
  if (const auto known = entries_.find(schema); known != entries_.end()) {
    uses_.splice(uses_.begin(), uses_, known->second.use);
    return known->second.grammar;
  }
  ++compiled_;
  auto compiled = compile(schema);
  uses_.push_front(schema);
  entries_.emplace(schema, Entry{compiled, uses_.begin()});
  if (entries_.size() > most_) {
    entries_.erase(uses_.back());
    uses_.pop_back();
  }
  return compiled;
}

std::size_t GrammarCache::compiled() const {
  const std::lock_guard lock(mutex_);
  return compiled_;
}

}  // namespace zubr::engine
