// A provider: somebody who runs models for others, as a row of the table assets/providers/providers.toml or of the
// user's [providers.NAME] in config.toml says. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::providers {

// The form of requests and answers.
enum class Dialect { kOpenAi, kAnthropic, kGemini };

// What a provider can do, as bits.
enum Feature : unsigned {
  kChat = 1u << 0,
  kCompletions = 1u << 1,  // a raw prompt
  kEmbeddings = 1u << 2,
  kTools = 1u << 3,
  kJsonSchema = 1u << 4,  // the answer is held to a schema
  kLogprobs = 1u << 5,
  kLogitBias = 1u << 6,
  kSuffix = 1u << 7,       // fill in the middle, with a raw prompt
  kReasoning = 1u << 8,    // understands reasoning_effort
  kStreamUsage = 1u << 9,  // must be asked for usage in a stream, and understands the question
  kSeed = 1u << 10,
  kTopK = 1u << 11,
  kMinP = 1u << 12,
  kTypicalP = 1u << 13,
  kRepeatPenalty = 1u << 14,
  kPenalties = 1u << 15,      // presence and frequency
  kParallelTools = 1u << 16,  // understands parallel_tool_calls
  kMedia = 1u << 17,          // pictures and sounds in messages; of this machine only, nobody is sent any yet
};
using Features = unsigned;
std::string_view feature_name(Feature feature);  // "json_schema"
std::optional<Feature> feature_of(std::string_view name);
std::vector<std::string> feature_names(Features features);

// Where what is sent goes to.
enum class Reach {
  kLocal,    // this machine: loopback
  kPrivate,  // a machine of the user's own
  kHosted,   // somebody else's
};
std::string_view reach_name(Reach reach);

// What the provider itself says. Unknown is unknown, and never private.
struct PrivacyFacts {
  std::optional<bool> trains = {};         // on what is sent
  std::optional<bool> retains = {};        // what is sent, longer than the answer takes
  std::optional<int> retention_days = {};  // at most so long
  std::string region = {};                 // of its machines: "US", "EU", ISO 3166; empty = not said
  std::string source = {};                 // the page that says it
  std::string date = {};                   // when it said so, YYYY-MM-DD

  // Known neither to train on it nor to keep it.
  bool zero_retention() const { return trains == false && retains == false; }
};

struct ProviderLimits {
  int max_stops = 0;           // stop texts in a request; 0 = no limit known
  int default_max_tokens = 0;  // sent where the request has none, because the provider insists on one; 0 = not
  int embed_texts = 0;         // texts in a request; 0 = no limit known
  std::chrono::milliseconds patience{120'000};  // no byte for so long
  int parallel = 0;                             // requests at the same time; 0 = no limit
};

struct Provider {
  std::string name = {};     // "groq": as in "groq/llama-3.1-8b-instant"
  std::string display = {};  // "Groq"
  Dialect dialect = Dialect::kOpenAi;
  Reach reach = Reach::kHosted;
  std::string base_url = {};  // without a slash at its end; may be empty where base_url_variable names it
  std::string base_url_variable = {};
  std::string key_variable = {};  // of the environment; empty: no key
  bool needs_key = true;
  std::vector<std::string> also = {};  // the names that catalogs have for it: "fireworks-ai"
  Features features = 0;
  std::string max_tokens_field = "max_tokens";
  std::string api_version = {};  // Azure's query parameter, Anthropic's header
  ProviderLimits limits = {};
  PrivacyFacts privacy = {};
  std::string origin = {};  // where it was declared: "built in", "config.toml:3"
};

}  // namespace zubr::providers
