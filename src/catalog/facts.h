// What a source says about models and data sets: plain values between the importers (sources/) and the catalog.
//
// Every value that a source does not give is left out; nothing is guessed here. A price that is not known is unknown,
// never zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/money.h"

namespace zubr::catalog {

using core::PicoDollars;

// Where a model is known under a name: {"hf", "meta-llama/Llama-3.1-8B-Instruct"}, {"ollama", "llama3.1:8b"},
// {"openrouter", "meta-llama/llama-3.1-8b-instruct"}, {"name", "Llama 3.1 8B"} for a name without an address.
struct Address {
  std::string source;
  std::string name;
  auto operator<=>(const Address&) const = default;
};

// The kinds of data that a model takes or gives, as bits.
enum Modality : unsigned { kText = 1, kImage = 2, kAudio = 4, kVideo = 8, kFile = 16, kVector = 32 };
// 0 for an unknown word. "vision" is an image.
unsigned modality_of(std::string_view word);
std::string modalities_text(unsigned bits);  // "text, image"

// Somebody serves the model for money (or for nothing).
struct Offer {
  std::string provider = {};               // "deepinfra", lower case
  std::string tag = {};                    // tells several offers of a provider apart: "fp8", "free"; may be empty
  std::optional<PicoDollars> input = {};   // per token
  std::optional<PicoDollars> output = {};  // per token
  std::optional<PicoDollars> cached_input = {};  // per token
  std::optional<std::int64_t> context = {};      // tokens
  std::optional<std::int64_t> max_output = {};   // tokens
  std::string quantization = {};                 // "fp8"; empty = not said
  std::optional<double> latency_ms = {};         // to the first token, median
  std::optional<double> tokens_per_second = {};  // median
  std::optional<bool> trains = {};               // on what is sent
  std::optional<bool> retains = {};              // what is sent
  std::string region = {};                       // "US"
};

// A file that can be pulled and run here.
struct ModelFile {
  std::string name = {};          // "llama3.1:8b-instruct-q4_K_M", "hf.co/user/repo:Q4_K_M": what `zubr pull` takes
  std::string quantization = {};  // "Q4_K_M"; empty = not said
  std::uint64_t bytes = 0;        // 0 = not said
  bool operator==(const ModelFile&) const = default;
};

struct Score {
  std::string benchmark = {};  // "lmarena-text"
  double value = 0;
  std::string date = {};  // of the leaderboard, YYYY-MM-DD
  bool operator==(const Score&) const = default;
};

// The relation of a model to the one that it was made from.
enum class BaseRelation { kNone, kFinetune, kQuantized, kAdapter, kMerge };

// One entry of one source.
struct ModelFact {
  Address address = {};
  std::vector<Address> also = {};  // other names that the source itself gives to the same model
  std::string name = {};           // for display
  std::string author = {};
  std::string task = {};  // Hugging Face's word: "text-generation"
  std::optional<bool> open = {};
  std::string license = {};  // SPDX in lower case where there is one
  std::optional<std::int64_t> parameters = {};
  std::optional<std::int64_t> active_parameters = {};  // of a mixture of experts, per token
  std::optional<std::int64_t> context = {};            // tokens
  unsigned inputs = 0;                                 // Modality bits; 0 = not said
  unsigned outputs = 0;
  std::vector<std::string> languages = {};  // ISO 639: "pl"
  std::vector<std::string> tags = {};
  std::optional<bool> gated = {};
  std::optional<std::int64_t> downloads = {}, likes = {}, pulls = {};
  std::optional<double> trending = {};
  std::optional<std::int64_t> rank = {};    // by use, 1 is the most used
  std::string created = {}, modified = {};  // YYYY-MM-DD
  std::string base = {};                    // address on Hugging Face
  BaseRelation relation = BaseRelation::kNone;
  std::string summary = {};
  // From its configuration: what a token costs in the KV cache. All or none.
  std::optional<std::int64_t> layers = {}, kv_heads = {}, head_size = {};
  // Of these layers, those that keep only the last tokens, and those that keep an image's instead of the text's.
  std::optional<std::int64_t> window_layers = {}, window = {}, image_layers = {}, image_tokens = {};
  std::vector<Offer> offers = {};
  std::vector<ModelFile> files = {};
  std::vector<Score> scores = {};
};

struct DatasetFact {
  std::string name = {};  // on Hugging Face: "nvidia/Nemotron-Personas"
  std::string license = {};
  std::string size = {};  // "1M<n<10M" rows
  std::vector<std::string> languages = {}, tasks = {}, tags = {};
  std::optional<std::int64_t> downloads = {}, likes = {};
  std::optional<double> trending = {};
  std::string created = {}, modified = {};
};

struct Facts {
  std::vector<ModelFact> models = {};
  std::vector<DatasetFact> datasets = {};
  std::int64_t skipped = 0;  // entries that could not be understood
};

// Where facts come from, for the people who read them.
struct SourceInfo {
  std::string name = {};     // "hf"
  std::string url = {};      // what was read
  std::string date = {};     // YYYY-MM-DD, when it was like that
  std::string license = {};  // of the collection
};

}  // namespace zubr::catalog
