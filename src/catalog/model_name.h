// When two names mean one model: `meta-llama/Llama-3.1-8B-Instruct`, `meta-llama/llama-3.1-8b-instruct`, `llama3.1:8b`
// and `meta.llama3-1-8b-instruct-v1:0` have the same key.
//
// A name is taken apart into its words: family, version, sizes, everything else. Words that say how a copy is packed
// (GGUF, Q4_K_M, fp8, awq …) or that it answers instructions are left out, those of a pretrained model marked, and the
// order does not count. A name of families that we do not know, or by an author who owns none of those it mentions,
// keeps its author: somebody's model of that name is not everybody's.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/facts.h"

namespace zubr::catalog {

// Empty where nothing is left of the name.
std::string name_key(const Address& address);

// "Llama-3.1-8B-Instruct-GGUF" → 8·10^9, "Mixtral-8x7B" → none (experts share weights), "SmolLM-135M" → 135·10^6.
std::optional<std::int64_t> parameters_in_name(std::string_view name);
// Whether a source that says that `a` is `b` is believed: not when the numbers in their names (versions, sizes) differ.
bool may_be_one(const Address& a, const Address& b);
// Whether a repository that calls itself a quantization of another has nothing more in its name: else it was changed.
bool is_copy_of(std::string_view copy, std::string_view original);

// "q4_k_m" → "Q4_K_M"; the word of a name that says how it is quantized, or nothing.
std::string quantization_in_name(std::string_view name);

// The part of an address that is its author: "meta-llama"; empty where there is none.
std::string author_of(const Address& address);

// Lower-case words for the full-text index and for questions to it: "Llama3.1-8B" → "llama 3 1 8b".
std::string search_words(std::string_view text);

}  // namespace zubr::catalog
