// The model families that are known by name: who owns them, and how their pretrained models are called. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zubr::catalog {

struct Family {
  std::string_view word;    // as names begin: "llama"
  std::string_view owners;  // authors on Hugging Face and OpenRouter, with spaces around each: " meta-llama meta "
  // Names without "instruct", "it" or "chat" are the pretrained models': below this version ("qwen" 3); 0 = never,
  // a large number = always.
  double pretrained_below = 0;
  bool served_fast = false;  // "turbo" and "instant" are how a provider serves it, not another model
};

// Null for a word that begins no family.
const Family* find_family(std::string_view word);
bool owns(const Family& family, std::string_view author);
// Repositories of these users hold copies of others' models under the original names.
bool is_mirror(std::string_view author);

// `words`: family, then the rest, as in name_key().
bool plain_is_pretrained(const Family& family, std::span<const std::string> words);

}  // namespace zubr::catalog
