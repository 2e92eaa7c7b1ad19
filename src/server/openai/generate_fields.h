// Fields of a request that mean the same in every API that OpenAI's gave its form to: sampling, limits, stop strings,
// bias.
//
// Each reads its fields and leaves the default where they are absent; what is wrong goes to the JsonFields' error.
#pragma once

#include <string>
#include <vector>

#include "inference/generation.h"
#include "server/json/json_fields.h"

namespace zubr::server::openai {

inline constexpr std::size_t kMaxStops = 16;
inline constexpr std::size_t kMaxBiases = 1024;
inline constexpr std::size_t kMaxAdapters = 16;
inline constexpr std::string_view kNotYet = "not supported yet by this server";

void read_sampling(JsonFields& fields, inference::SamplingOptions& sampling);
// A 64-bit seed, folded to 32 bits.
void read_seed(JsonFields& fields, inference::SamplingOptions& sampling);
// One of `names`, the last one that is there wins; -1 = no limit.
void read_max_tokens(JsonFields& fields, std::initializer_list<std::string_view> names, int& max_tokens);
// A string or an array of strings.
void read_stop(JsonFields& fields, std::string_view name, std::vector<std::string>& stops);
// {"token id": -100 … 100}; -100 and less forbids.
void read_logit_bias(JsonFields& fields, inference::SamplingOptions& sampling);

// "lora": [{"name": "polite", "scale": 0.8}], adapters that the server was given (engine.adapters); scale 1 where it is
// left out, -100 … 100.
void read_adapters(JsonFields& fields, std::optional<ApiError>& error, std::vector<inference::AdapterChoice>& adapters);

}  // namespace zubr::server::openai
